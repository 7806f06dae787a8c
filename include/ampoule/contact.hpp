/**
 * @file ampoule/contact.hpp
 * Whom one knows, what is shared with them, and what organisations say of them.
 */
#ifndef AMPOULE_CONTACT_HPP
#define AMPOULE_CONTACT_HPP

#include "core.hpp"

namespace ampoule {

/** What is shared with a contact. */
class grant : public handle<ampoule_grant> {
  public:
    explicit grant(ampoule_rights rights) { check(ampoule_grant_new(rights, out())); }
    grant &label(std::string_view text) {
        check(ampoule_grant_add_label(get(), text.data(), text.size()));
        return *this;
    }
    grant &until(int64_t not_after_ms) {
        check(ampoule_grant_set_until(get(), not_after_ms));
        return *this;
    }
    grant &purpose(ampoule_purpose purpose) {
        check(ampoule_grant_set_purpose(get(), purpose));
        return *this;
    }
    /** Leaves out what was written before the last revocation. */
    grant &without_history() {
        check(ampoule_grant_set_without_history(get()));
        return *this;
    }
};

/** A contact. */
class contact : public handle<ampoule_contact> {
  public:
    using handle::handle;

    void verify(std::string_view fingerprint) {
        check(ampoule_contact_verify(get(), fingerprint.data(), fingerprint.size()));
    }
    ampoule_contact_info info() const {
        ampoule_contact_info info;
        check(ampoule_contact_get_info(get(), &info));
        return info;
    }
    buffer digits() const {
        buffer digits;
        check(ampoule_contact_fingerprint(get(), digits.out(), nullptr));
        return digits;
    }
    buffer words() const {
        buffer words;
        check(ampoule_contact_fingerprint(get(), nullptr, words.out()));
        return words;
    }
    buffer name() const { return detail::buffer_of(ampoule_contact_name, get()); }
    /** Takes a comparison back. */
    void distrust() { check(ampoule_contact_distrust(get())); }
    /** The organisation that vouches for it now, if one does. */
    std::optional<contact> verified_through() const {
        auto organisation = detail::owner_of<contact>(ampoule_contact_verified_through, get());
        return organisation ? std::optional<contact>(std::move(organisation)) : std::nullopt;
    }
    /** Issuer and subject of its id in the directory of that organisation. */
    std::optional<std::pair<std::string, std::string>> directory_id() const {
        buffer issuer, subject;
        check(ampoule_contact_directory_id(get(), issuer.out(), subject.out()));
        if (subject.text().empty()) return std::nullopt;
        return std::make_pair(std::string(issuer.text()), std::string(subject.text()));
    }
    /** Whose name its name looks like: whether that of the vault's owner, and of which other contacts. */
    std::pair<bool, std::vector<ampoule_contact_id>> imitates() const {
        bool own = false;
        buffer ids;
        check(ampoule_contact_imitates(get(), &own, ids.out()));
        return {own, ids.ids<ampoule_contact_id>()};
    }
};

/** The fingerprint of a card that is no contact yet: its digits, and its words. */
inline std::pair<buffer, buffer> fingerprint(view card) {
    std::pair<buffer, buffer> of;
    check(ampoule_card_fingerprint(card.data(), card.size(), of.first.out(), of.second.out()));
    return of;
}

/** Somebody with whom a chart is shared. */
struct share {
    std::string name;
    ampoule_share_info info;
    /** The labels that are shared; none for the whole chart. */
    std::vector<std::string> labels;
};

namespace detail {

inline std::vector<share> shares_of(ampoule_shares *raw) {
    std::vector<share> all;
    for_all(raw, ampoule_shares_count, [&](ampoule_shares *list, std::size_t place) {
        share one;
        one.name = text_of([&](auto text, auto size) { return ampoule_shares_at(list, place, &one.info, text, size); });
        for (std::size_t label = 0; label < one.info.labels; label++) {
            one.labels.push_back(
                text_of([&](auto text, auto size) { return ampoule_shares_label(list, place, label, text, size); }));
        }
        all.push_back(std::move(one));
    });
    return all;
}

} // namespace detail

} // namespace ampoule

#endif
