/**
 * @file ampoule/chart.hpp
 * A chart: what is in it, and who sees it.
 */
#ifndef AMPOULE_CHART_HPP
#define AMPOULE_CHART_HPP

#include "contact.hpp"
#include "file.hpp"
#include "findings.hpp"
#include "patient.hpp"
#include "thread.hpp"

namespace ampoule {

/** A chart. */
class chart : public handle<ampoule_chart> {
  public:
    using handle::handle;

    ampoule_chart_id id() const { return detail::value_of<ampoule_chart_id>(ampoule_chart_get_id, get()); }
    /** The labels that this vault may use, one a line. */
    buffer labels() const { return detail::buffer_of(ampoule_chart_labels, get()); }

    // Entries.

    ampoule_entry_id put(const record &record) {
        return detail::value_of<ampoule_entry_id>(ampoule_chart_put, get(), record.get());
    }
    /** As put, once for each key: a repeated request gives the entry of the first. */
    ampoule_entry_id put_once(std::string_view key, const record &record) {
        return detail::value_of<ampoule_entry_id>(ampoule_chart_put_once, get(), key.data(), key.size(), record.get());
    }
    ampoule_version_id update(const ampoule_entry_id &entry, const record &record) {
        return detail::value_of<ampoule_version_id>(ampoule_chart_update, get(), &entry, record.get());
    }
    /** Replaces the version that was read. If somebody replaced it meanwhile, both stand as a conflict. */
    ampoule_version_id update_from(const ampoule::entry &read, const record &record) {
        return detail::value_of<ampoule_version_id>(ampoule_chart_update_from, get(), read.get(), record.get());
    }
    /** Ends a conflict. */
    ampoule_version_id resolve(const ampoule_entry_id &entry, const record &record) {
        return detail::value_of<ampoule_version_id>(ampoule_chart_resolve, get(), &entry, record.get());
    }
    ampoule_version_id remove(const ampoule_entry_id &entry) {
        return detail::value_of<ampoule_version_id>(ampoule_chart_delete, get(), &entry);
    }
    ampoule::entry entry(const ampoule_entry_id &id) const {
        return detail::owner_of<ampoule::entry>(ampoule_chart_get, get(), &id);
    }
    /** One version of an entry, current or not. */
    ampoule::entry version(const ampoule_version_id &id) const {
        return detail::owner_of<ampoule::entry>(ampoule_chart_version, get(), &id);
    }
    ampoule::history history(const ampoule_entry_id &id) const {
        return detail::owner_of<ampoule::history>(ampoule_chart_history, get(), &id);
    }
    matches find(const query &query) const {
        return detail::matches_of(detail::value_of<ampoule_matches *>(ampoule_chart_find, get(), query.get()));
    }
    /** All entries that are not deleted. */
    matches list() const { return detail::matches_of(detail::value_of<ampoule_matches *>(ampoule_chart_list, get())); }
    matches list(ampoule_kind kind) const {
        return detail::matches_of(detail::value_of<ampoule_matches *>(ampoule_chart_list_kind, get(), kind));
    }

    // Files.

    ampoule_entry_id put_path(const record &info, std::string_view path, const progress &progress = {}) {
        ampoule_entry_id id;
        detail::guarded guarded(progress);
        guarded.check(ampoule_chart_put_path(get(), info.get(), path.data(), path.size(), guarded.function(),
                                             guarded.context(), &id));
        return id;
    }
    /** As put_path, once for each key. */
    ampoule_entry_id put_path_once(std::string_view key, const record &info, std::string_view path,
                                   const progress &progress = {}) {
        ampoule_entry_id id;
        detail::guarded guarded(progress);
        guarded.check(ampoule_chart_put_path_once(get(), key.data(), key.size(), info.get(), path.data(), path.size(),
                                                  guarded.function(), guarded.context(), &id));
        return id;
    }
    file_writer create_file(const record &info) {
        return detail::owner_of<file_writer>(ampoule_chart_create_file, get(), info.get());
    }
    /** Begins a version of a file that replaces the current one. */
    file_writer create_file_version(const ampoule_entry_id &entry, const record &info) {
        return detail::owner_of<file_writer>(ampoule_chart_create_file_version, get(), &entry, info.get());
    }
    ampoule::file file(const ampoule_entry_id &entry) const {
        return detail::owner_of<ampoule::file>(ampoule_chart_file, get(), &entry);
    }
    ampoule::file file_version(const ampoule_version_id &version) const {
        return detail::owner_of<ampoule::file>(ampoule_chart_file_version, get(), &version);
    }
    /** Media type and content of a file's preview; no bytes where it has none. */
    std::pair<buffer, buffer> preview(const ampoule_entry_id &entry) const {
        std::pair<buffer, buffer> preview;
        check(ampoule_chart_preview(get(), &entry, preview.first.out(), preview.second.out()));
        return preview;
    }
    std::pair<buffer, buffer> preview_version(const ampoule_version_id &version) const {
        std::pair<buffer, buffer> preview;
        check(ampoule_chart_preview_version(get(), &version, preview.first.out(), preview.second.out()));
        return preview;
    }
    /** Versions of files whose content is not here. */
    std::vector<ampoule_version_id> missing_content() const {
        return detail::ids_of<ampoule_version_id>(ampoule_chart_missing_content, get());
    }
    /** The content of a version of a file as it is sealed, to be sent piece by piece. */
    ampoule::sealed_content sealed_content(const ampoule_version_id &version) const {
        return detail::owner_of<ampoule::sealed_content>(ampoule_chart_sealed_content, get(), &version);
    }
    /** Begins to take such content in, or goes on where that ended before. */
    content_receiver receive_content(const ampoule_version_id &version) {
        return detail::owner_of<content_receiver>(ampoule_chart_receive_content, get(), &version);
    }
    /** The same by way of a file. */
    void export_content(const ampoule_version_id &version, std::string_view path, const progress &progress = {}) const {
        detail::guarded guarded(progress);
        guarded.check(ampoule_chart_export_content(get(), &version, path.data(), path.size(), guarded.function(),
                                                   guarded.context()));
    }
    void import_content(const ampoule_version_id &version, std::string_view path, const progress &progress = {}) {
        detail::guarded guarded(progress);
        guarded.check(ampoule_chart_import_content(get(), &version, path.data(), path.size(), guarded.function(),
                                                   guarded.context()));
    }
    /** Puts each file of a folder, under its path from there. `info` describes all of them. One that was ended by the progress is
     * AMPOULE_STATUS_CANCELLED among the outcomes. */
    std::vector<outcome> import_folder(const record &info, std::string_view folder, const progress &progress = {}) {
        ampoule_outcomes *raw = nullptr;
        detail::guarded guarded(progress);
        const auto status = ampoule_chart_import_folder(get(), info.get(), folder.data(), folder.size(),
                                                        guarded.function(), guarded.context(), &raw);
        return detail::outcomes_of(raw, guarded, status);
    }
    /** Writes each file into a folder, and nothing over another. */
    std::vector<outcome> export_folder(std::string_view folder, const progress &progress = {}) const {
        ampoule_outcomes *raw = nullptr;
        detail::guarded guarded(progress);
        const auto status = ampoule_chart_export_folder(get(), folder.data(), folder.size(), guarded.function(),
                                                        guarded.context(), &raw);
        return detail::outcomes_of(raw, guarded, status);
    }

    // Threads.

    ampoule::thread start_thread(std::string_view subject, std::string_view label) {
        return detail::owner_of<ampoule::thread>(ampoule_chart_start_thread, get(), subject.data(), subject.size(),
                                                 label.data(), label.size());
    }
    /** By the entry that opened it. */
    ampoule::thread thread(const ampoule_entry_id &id) const {
        return detail::owner_of<ampoule::thread>(ampoule_chart_thread, get(), &id);
    }
    ampoule::threads threads() const { return detail::owner_of<ampoule::threads>(ampoule_chart_threads, get()); }
    /** By the entry that it is, in whatever thread. */
    posted message(const ampoule_entry_id &id) const { return detail::owner_of<posted>(ampoule_chart_message, get(), &id); }

    // Sharing.

    ampoule_standing share(const contact &with, const grant &grant) {
        return detail::value_of<ampoule_standing>(ampoule_chart_share, get(), with.get(), grant.get());
    }
    ampoule_standing revoke(const contact &from) {
        return detail::value_of<ampoule_standing>(ampoule_chart_revoke, get(), from.get());
    }
    buffer export_to(const contact &to, view cursor = {}) const {
        return detail::buffer_of(ampoule_chart_export, get(), to.get(), cursor.data(), cursor.size());
    }
    /** As export_to, of these labels only, one a line. */
    buffer export_labels_to(const contact &to, std::string_view labels, view cursor = {}) const {
        return detail::buffer_of(ampoule_chart_export_labels, get(), to.get(), cursor.data(), cursor.size(), labels.data(),
                                 labels.size());
    }
    std::vector<ampoule::share> shares() const {
        return detail::shares_of(detail::value_of<ampoule_shares *>(ampoule_chart_shares, get()));
    }
    /** With how many members it is shared, its custodians included. */
    std::size_t share_count() const { return detail::value_of<std::size_t>(ampoule_chart_share_count, get()); }
    /** How many changes of the sharing wait for the vault that administers the chart. */
    std::size_t waiting() const { return detail::value_of<std::size_t>(ampoule_chart_waiting, get()); }
    /** Makes this vault the one that administers the chart. */
    ampoule_standing administer_here() {
        return detail::value_of<ampoule_standing>(ampoule_chart_administer_here, get());
    }
    /** The histories of the sharing, where some contradict each other. The first is the one that this vault goes by. */
    std::vector<std::vector<ampoule::share>> fork() const {
        const auto count = detail::value_of<std::size_t>(ampoule_chart_fork_count, get());
        std::vector<std::vector<ampoule::share>> histories;
        for (std::size_t place = 0; place < count; place++) {
            histories.push_back(
                detail::shares_of(detail::value_of<ampoule_shares *>(ampoule_chart_fork_shares, get(), place)));
        }
        return histories;
    }
    /** Ends such a contradiction, with fresh keys for all but those who leave. */
    ampoule_standing resolve_fork(const std::vector<const contact *> &leaving = {}) {
        std::vector<const ampoule_contact *> raw;
        for (const auto *contact : leaving) raw.push_back(contact->get());
        return detail::value_of<ampoule_standing>(ampoule_chart_resolve_fork, get(), raw.data(), raw.size());
    }

    // Upkeep.

    std::vector<quarantined> quarantine() const {
        std::vector<quarantined> all;
        const auto raw = detail::value_of<ampoule_quarantine *>(ampoule_chart_quarantine, get());
        detail::for_all(raw, ampoule_quarantine_count, [&](ampoule_quarantine *list, std::size_t place) {
            quarantined one;
            one.author = detail::text_of(
                [&](auto text, auto size) { return ampoule_quarantine_at(list, place, &one.info, text, size); });
            all.push_back(std::move(one));
        });
        return all;
    }
    ampoule_standing adopt(const ampoule_version_id &version, std::string_view reason) {
        return detail::value_of<ampoule_standing>(ampoule_chart_adopt, get(), &version, reason.data(), reason.size());
    }
    /** What shows without opening its versions. */
    ampoule::findings findings() const {
        return detail::findings_of(detail::value_of<ampoule_findings *>(ampoule_chart_findings, get()));
    }
    /** Says that somebody looked into what contradicted earlier bundles, with the outcome. */
    void settle_bundles(std::string_view reason) {
        check(ampoule_chart_settle_bundles(get(), reason.data(), reason.size()));
    }

    // The patient.

    void describe(const ampoule::patient &whom) { check(ampoule_chart_describe(get(), detail::to_patient(whom).get())); }
    std::optional<ampoule::patient> patient() const {
        auto *raw = detail::value_of<ampoule_patient *>(ampoule_chart_patient, get());
        if (raw == nullptr) return std::nullopt;
        return detail::patient_of(raw);
    }
    /** Takes the chart out of the directory. */
    void forget_patient() { check(ampoule_chart_forget_patient(get())); }
    /** Says that the chart is handed out in the clear: an event of the audit. */
    void note_export(std::string_view reason) { check(ampoule_chart_note_export(get(), reason.data(), reason.size())); }
    /** Writes it to a new folder for its patient, in the clear. */
    ampoule_exported export_for_patient(std::string_view reason, std::string_view folder, const progress &progress = {}) const {
        ampoule_exported exported;
        detail::guarded guarded(progress);
        guarded.check(ampoule_chart_export_for_patient(get(), reason.data(), reason.size(), folder.data(), folder.size(),
                                                       guarded.function(), guarded.context(), &exported));
        return exported;
    }
    /** Takes such a folder in. Returns how many records and files there are now. */
    std::pair<uint64_t, uint64_t> import_from_patient(std::string_view folder, const progress &progress = {}) {
        std::pair<uint64_t, uint64_t> done;
        detail::guarded guarded(progress);
        guarded.check(ampoule_chart_import_from_patient(get(), folder.data(), folder.size(), guarded.function(),
                                                        guarded.context(), &done.first, &done.second));
        return done;
    }
};

} // namespace ampoule

#endif
