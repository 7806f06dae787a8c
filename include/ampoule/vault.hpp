/**
 * @file ampoule/vault.hpp
 * A vault.
 */
#ifndef AMPOULE_VAULT_HPP
#define AMPOULE_VAULT_HPP

#include "audit.hpp"
#include "batch.hpp"
#include "chart.hpp"
#include "notice.hpp"
#include "options.hpp"

namespace ampoule {

/** A device of a vault's owner. */
struct device {
    ampoule_device_info info;
    /** Of one that is in use no more: why. */
    std::string reason;
};

namespace detail {

inline std::vector<device> devices_of(ampoule_devices *raw) {
    std::vector<device> all;
    for_all(raw, ampoule_devices_count, [&](ampoule_devices *list, std::size_t place) {
        device one;
        one.reason = text_of([&](auto text, auto size) { return ampoule_devices_at(list, place, &one.info, text, size); });
        all.push_back(std::move(one));
    });
    return all;
}

} // namespace detail

/** A vault. */
class vault : public handle<ampoule_vault> {
  public:
    using handle::handle;

    /** A new vault, and the words of its recovery code: to be printed, they are not shown again. */
    static std::pair<vault, buffer> create(const store &store, std::string_view name, const unlock &unlock,
                                           const options *options = nullptr) {
        std::pair<vault, buffer> made;
        check(ampoule_vault_create(store.get(), options ? options->get() : nullptr, name.data(), name.size(), unlock.get(),
                                   AMPOULE_RECOVERY_CODE, nullptr, made.first.out(), made.second.out()));
        return made;
    }
    static vault open(const store &store, const unlock &unlock, const options *options = nullptr) {
        vault opened;
        check(ampoule_vault_open(store.get(), options ? options->get() : nullptr, unlock.get(), opened.out()));
        return opened;
    }
    ampoule_vault_id id() const { return detail::value_of<ampoule_vault_id>(ampoule_vault_get_id, get()); }
    bool is_locked() const { return detail::value_of<bool>(ampoule_vault_is_locked, get()); }
    void lock() { check(ampoule_vault_lock(get())); }
    void unlock_again(const unlock &unlock) { check(ampoule_vault_unlock(get(), unlock.get())); }
    buffer card() const {
        buffer card;
        check(ampoule_vault_card(get(), card.out()));
        return card;
    }
    ampoule::chart create_chart() {
        return detail::owner_of<ampoule::chart>(ampoule_vault_create_chart, get());
    }
    /** With eight labels of the caller's own, one a line. */
    ampoule::chart create_chart_with(std::string_view labels) {
        return detail::owner_of<ampoule::chart>(ampoule_vault_create_chart_with, get(), labels.data(), labels.size());
    }
    ampoule::chart chart(const ampoule_chart_id &id) const {
        return detail::owner_of<ampoule::chart>(ampoule_vault_chart, get(), &id);
    }
    std::vector<ampoule_chart_id> charts() const {
        buffer ids;
        check(ampoule_vault_charts(get(), ids.out()));
        return ids.ids<ampoule_chart_id>();
    }
    /** All changes of a batch in their order, or none. An id for each: of a new entry its own, of a change that of the version. */
    std::vector<std::array<uint8_t, 16>> run(const batch &batch) {
        return detail::ids_of<std::array<uint8_t, 16>>(ampoule_vault_run, get(), batch.get());
    }

    // Contacts.

    ampoule::contact add_contact(view card) {
        return detail::owner_of<ampoule::contact>(ampoule_vault_add_contact, get(), card.data(), card.size());
    }
    ampoule::contact contact(const ampoule_contact_id &id) const {
        return detail::owner_of<ampoule::contact>(ampoule_vault_contact, get(), &id);
    }
    std::vector<ampoule_contact_id> contacts() const {
        return detail::ids_of<ampoule_contact_id>(ampoule_vault_contacts, get());
    }
    /** Takes a new card of a known contact, which must be verified again. */
    void replace_contact(const ampoule::contact &contact, view card) {
        check(ampoule_contact_replace(get(), contact.get(), card.data(), card.size()));
    }
    /** Signs, as an organisation, whose card this is in its directory: until then, or with 0 until it is withdrawn. */
    buffer certify(view card, std::string_view issuer, std::string_view subject, int64_t not_after_ms = 0) {
        return detail::buffer_of(ampoule_vault_certify, get(), card.data(), card.size(), issuer.data(), issuer.size(),
                                 subject.data(), subject.size(), not_after_ms);
    }
    /** Takes a certificate back. Gives the list of all that were, for everybody who relies on this organisation. */
    buffer withdraw(view certificate) {
        return detail::buffer_of(ampoule_vault_withdraw, get(), certificate.data(), certificate.size());
    }
    buffer withdrawals() const { return detail::buffer_of(ampoule_vault_withdrawals, get()); }
    /** Takes what an organisation says of a contact's card. Both are contacts already. Gives the contact. */
    ampoule::contact add_certificate(view certificate) {
        return detail::owner_of<ampoule::contact>(ampoule_vault_add_certificate, get(), certificate.data(),
                                                  certificate.size());
    }
    /** Takes an organisation's list of what it took back. Gives the organisation. */
    ampoule::contact add_withdrawals(view list) {
        return detail::owner_of<ampoule::contact>(ampoule_vault_add_withdrawals, get(), list.data(), list.size());
    }

    // Upkeep.

    /** Opens everything. `progress` hears how many versions were checked. */
    verified verify(const progress &progress = {}) const {
        ampoule_findings *raw = nullptr;
        ampoule_report report;
        detail::guarded guarded(progress);
        guarded.check(
            ampoule_vault_verify_in_detail(get(), guarded.function(), guarded.context(), &report, &raw));
        return {detail::findings_of(raw), report};
    }
    std::vector<device> devices(bool retired = false) const {
        return detail::devices_of(detail::value_of<ampoule_devices *>(ampoule_vault_devices, get(), retired));
    }
    ampoule_freshness freshness() const { return detail::value_of<ampoule_freshness>(ampoule_vault_freshness, get()); }
    /** Takes on a store that was restored from a backup, with the reason for it. */
    void adopt_restored(std::string_view reason) { check(ampoule_vault_adopt_restored(get(), reason.data(), reason.size())); }
    /** What is due now. */
    std::vector<ampoule_due> maintenance() const {
        std::vector<ampoule_due> all;
        const auto raw = detail::value_of<ampoule_dues *>(ampoule_vault_maintenance, get());
        detail::for_all(raw, ampoule_dues_count, [&](ampoule_dues *list, std::size_t place) {
            all.push_back(detail::value_of<ampoule_due>(ampoule_dues_at, list, place));
        });
        return all;
    }
    /** Does it. Returns how much of it was done. */
    std::size_t run_maintenance() { return detail::value_of<std::size_t>(ampoule_vault_run_maintenance, get()); }
    /** The number of the format that the vault writes. */
    uint32_t format() const { return detail::value_of<uint32_t>(ampoule_vault_format, get()); }
    /** Has all devices write a higher format from now on. There is no way back. */
    void raise_format(uint32_t format) { check(ampoule_vault_raise_format(get(), format)); }
    /** The devices in use that have not announced that they read a format. */
    std::vector<device> left_behind(uint32_t format) const {
        return detail::devices_of(detail::value_of<ampoule_devices *>(ampoule_vault_left_behind, get(), format));
    }
    ampoule_way_id add_way(const unlock &unlock) {
        return detail::value_of<ampoule_way_id>(ampoule_vault_add_way, get(), unlock.get());
    }
    void remove_way(const ampoule_way_id &way) { check(ampoule_vault_remove_way(get(), &way)); }
    std::vector<ampoule_way_id> ways() const { return detail::ids_of<ampoule_way_id>(ampoule_vault_ways, get()); }
    ampoule_way_info way_info(const ampoule_way_id &way) const {
        return detail::value_of<ampoule_way_info>(ampoule_vault_way_info, get(), &way);
    }
    /** Gives the device in use fresh keys and a log of its own. It then has another id. */
    ampoule_device_id renew_device(std::string_view reason) {
        return detail::value_of<ampoule_device_id>(ampoule_vault_renew_device, get(), reason.data(), reason.size());
    }
    ampoule_device_id add_device(const unlock &unlock) {
        ampoule_device_id id;
        check(ampoule_vault_add_device(get(), unlock.get(), &id));
        return id;
    }
    void retire_device(const ampoule_device_id &device, std::string_view reason) {
        check(ampoule_vault_retire_device(get(), &device, reason.data(), reason.size()));
    }
    /** Patients of whose names each word begins a word, and all of them where there are no words. */
    std::vector<std::pair<ampoule_chart_id, patient>> find_patients(std::string_view words = {},
                                                                    std::string_view birth_date = {}) const {
        return detail::patients_of(detail::value_of<ampoule_patients *>(ampoule_vault_find_patients, get(), words.data(),
                                                                        words.size(), birth_date.data(),
                                                                        birth_date.size()));
    }
    /** Patients with an identifier, in the namespace of this URI or in whatever one. */
    std::vector<std::pair<ampoule_chart_id, patient>> find_identifier(std::string_view system, std::string_view identifier,
                                                                      std::string_view birth_date = {}) const {
        return detail::patients_of(detail::value_of<ampoule_patients *>(
            ampoule_vault_find_identifier, get(), system.data(), system.size(), identifier.data(), identifier.size(),
            birth_date.data(), birth_date.size()));
    }
    /** Keys for previews of what is said in these threads, sealed under a device key of their own: see open_preview. */
    buffer preview_keys(const previews &of, const std::array<uint8_t, 32> &device_key) const {
        return detail::buffer_of(ampoule_vault_preview_keys, get(), of.get(), device_key.data(), device_key.size());
    }

    // Audit.

    /** All events, oldest first, as lines of JSON. */
    buffer audit() const { return detail::buffer_of(ampoule_vault_audit, get()); }
    /** The signed head of this device's log, for a witness. */
    buffer checkpoint() const { return detail::buffer_of(ampoule_vault_checkpoint, get()); }
    /** Holds the store against a checkpoint with cosignatures. When this witness saw it, in seconds since 1970, if he signed. */
    std::optional<uint64_t> witnessed(view checkpoint, std::string_view witness, view key) const {
        bool signed_ = false;
        uint64_t seen_s = 0;
        check(ampoule_vault_witnessed(get(), checkpoint.data(), checkpoint.size(), witness.data(), witness.size(),
                                      key.data(), key.size(), &signed_, &seen_s));
        return signed_ ? std::optional<uint64_t>(seen_s) : std::nullopt;
    }
    /** Opens what export_audit of a verified contact's vault made for this one. */
    audit_report read_audit(view file) const {
        return detail::owner_of<audit_report>(ampoule_vault_read_audit, get(), file.data(), file.size());
    }
    /** Shows a verified contact the events of a chart: a file for any courier. */
    buffer export_audit(const ampoule::contact &to, const ampoule_chart_id &chart) const {
        buffer file;
        check(ampoule_vault_export_audit(get(), to.get(), &chart, file.out()));
        return file;
    }
    vault acting_for(std::string_view issuer, std::string_view subject, std::string_view session,
                     std::string_view purpose) const {
        vault acting;
        check(ampoule_vault_acting_for(get(), issuer.data(), issuer.size(), subject.data(), subject.size(), session.data(),
                                       session.size(), purpose.data(), purpose.size(), acting.out()));
        return acting;
    }
    /** Takes a bundle in. `next`, if it is given, receives where the next one goes on. */
    ampoule_applied import(view bundle, buffer *next = nullptr) {
        ampoule_applied applied;
        buffer cursor;
        check(ampoule_vault_import(get(), bundle.data(), bundle.size(), &applied, next ? cursor.out() : nullptr, nullptr));
        if (next) *next = std::move(cursor);
        return applied;
    }
};

} // namespace ampoule

#endif
