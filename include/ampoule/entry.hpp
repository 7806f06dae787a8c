/**
 * @file ampoule/entry.hpp
 * What was read of a chart.
 */
#ifndef AMPOULE_ENTRY_HPP
#define AMPOULE_ENTRY_HPP

#include "core.hpp"

namespace ampoule {

/** On whose behalf something was done, as its author says. */
struct actor {
    /** The directory that knows the person. */
    std::string issuer;
    /** The person's id there. */
    std::string subject;
    std::string session;
    std::string purpose;
};

/** A version of an entry, opened and verified. */
class entry : public handle<ampoule_entry> {
  public:
    using handle::handle;

    view content() const {
        const uint8_t *data = nullptr;
        std::size_t size = 0;
        check(ampoule_entry_content(get(), &data, &size));
        return {data, size};
    }
    std::string_view media_type() const { return detail::lent_by(ampoule_entry_media_type, get()); }
    std::string_view name() const { return detail::lent_by(ampoule_entry_name, get()); }
    std::string_view label() const { return detail::lent_by(ampoule_entry_label, get()); }
    std::string_view kind() const { return detail::lent_by(ampoule_entry_kind, get()); }
    std::string_view author() const { return detail::lent_by(ampoule_entry_author, get()); }
    std::string_view actor_subject() const { return detail::lent_by(ampoule_entry_actor_subject, get()); }
    /** Nothing where nobody is named. */
    std::optional<ampoule::actor> actor() const {
        buffer issuer, session, purpose;
        check(ampoule_entry_actor(get(), issuer.out(), session.out(), purpose.out()));
        if (actor_subject().empty()) return std::nullopt;
        return ampoule::actor{std::string(issuer.text()), std::string(actor_subject()), std::string(session.text()),
                              std::string(purpose.text())};
    }
    ampoule_entry_info info() const { return detail::value_of<ampoule_entry_info>(ampoule_entry_get_info, get()); }
    /** What it is found by: URI of the code system, and the code there. */
    std::vector<std::pair<std::string_view, std::string_view>> codes() const {
        std::vector<std::pair<std::string_view, std::string_view>> all;
        const char *system = nullptr, *code = nullptr;
        std::size_t system_size = 0, size = 0;
        while (detail::there(ampoule_entry_code(get(), all.size(), &system, &system_size, &code, &size))) {
            all.emplace_back(std::string_view(system, system_size), std::string_view(code, size));
        }
        return all;
    }
    /** When it happened: seconds since 1970, the first included and the second not. */
    std::vector<std::pair<int64_t, int64_t>> dates() const {
        std::vector<std::pair<int64_t, int64_t>> all;
        int64_t start = 0, end = 0;
        while (detail::there(ampoule_entry_dates(get(), all.size(), &start, &end))) all.emplace_back(start, end);
        return all;
    }
    /** The words that it is found by, one a line. */
    buffer words() const { return detail::buffer_of(ampoule_entry_words, get()); }
    /** The versions that this one replaces. */
    std::vector<ampoule_version_id> parents() const { return detail::ids_of<ampoule_version_id>(ampoule_entry_parents, get()); }
    /** Other versions that nobody has replaced. */
    std::vector<ampoule_version_id> conflicts() const {
        return detail::ids_of<ampoule_version_id>(ampoule_entry_conflicts, get());
    }
};

/** All versions of an entry. */
class history : public handle<ampoule_history> {
  public:
    using handle::handle;

    std::size_t size() const { return detail::value_of<std::size_t>(ampoule_history_count, get()); }
    /** Throws the error that is in the place of one that is damaged or kept apart. */
    entry at(std::size_t place) const { return detail::owner_of<entry>(ampoule_history_at, get(), place); }
};

} // namespace ampoule

#endif
