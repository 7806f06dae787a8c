/**
 * @file ampoule/record.hpp
 * What is put into a chart, and what finds it.
 */
#ifndef AMPOULE_RECORD_HPP
#define AMPOULE_RECORD_HPP

#include "core.hpp"

namespace ampoule {

/** What is put into a chart. */
class record : public handle<ampoule_record> {
  public:
    using handle::handle;
    record(std::string_view media_type, view content) {
        check(ampoule_record_new(media_type.data(), media_type.size(), content.data(), content.size(), out()));
    }
    /** What describes a file, whose content comes otherwise. */
    explicit record(std::string_view media_type) : record(media_type, view()) {}

    /** Of a FHIR resource in JSON, kept byte for byte, with the terms that find it and the label that it asks for. */
    static record of_fhir(view resource) {
        return detail::owner_of<record>(ampoule_record_of_fhir, resource.data(), resource.size());
    }

    record &label(std::string_view text) {
        check(ampoule_record_set_label(get(), text.data(), text.size()));
        return *this;
    }
    record &name(std::string_view text) {
        check(ampoule_record_set_name(get(), text.data(), text.size()));
        return *this;
    }
    record &kind(std::string_view text) {
        check(ampoule_record_set_kind(get(), text.data(), text.size()));
        return *this;
    }
    record &code(std::string_view system, std::string_view value) {
        check(ampoule_record_add_code(get(), system.data(), system.size(), value.data(), value.size()));
        return *this;
    }
    record &words(std::string_view text) {
        check(ampoule_record_add_text(get(), text.data(), text.size()));
        return *this;
    }
    /** When it happened: seconds since 1970, `start` included and `end` not. */
    record &dates(int64_t start, int64_t end) {
        check(ampoule_record_add_dates(get(), start, end));
        return *this;
    }
    /** Of a file: a small picture to be shown before it. */
    record &preview(std::string_view media_type, view content) {
        check(ampoule_record_set_preview(get(), media_type.data(), media_type.size(), content.data(), content.size()));
        return *this;
    }
};

/** What to find. */
class query : public handle<ampoule_query> {
  public:
    explicit query(std::string_view kind = {}) { check(ampoule_query_new(kind.data(), kind.size(), out())); }
    query &code(std::string_view system, std::string_view value) {
        check(ampoule_query_add_code(get(), system.data(), system.size(), value.data(), value.size()));
        return *this;
    }
    query &words(std::string_view text) {
        check(ampoule_query_add_words(get(), text.data(), text.size()));
        return *this;
    }
    query &word_prefix(std::string_view text) {
        check(ampoule_query_add_word_prefix(get(), text.data(), text.size()));
        return *this;
    }
    /** Seconds since 1970, `start` included and `end` not. */
    query &dates(int64_t start, int64_t end) {
        check(ampoule_query_set_dates(get(), start, end));
        return *this;
    }
};

/** What was found. */
struct matches {
    std::vector<ampoule_found> all;
    /** Whether the whole chart was searched, and not only some labels of it. */
    bool complete;
    /** How many entries are damaged, of those that might have been found. */
    std::size_t damaged;

    std::size_t size() const noexcept { return all.size(); }
    bool empty() const noexcept { return all.empty(); }
    const ampoule_found &at(std::size_t place) const { return all.at(place); }
    auto begin() const noexcept { return all.begin(); }
    auto end() const noexcept { return all.end(); }
};

namespace detail {

inline matches matches_of(ampoule_matches *raw) {
    const handle<ampoule_matches> list(raw);
    matches found{};
    found.all.resize(value_of<std::size_t>(ampoule_matches_count, raw));
    for (std::size_t place = 0; place < found.all.size(); place++) check(ampoule_matches_at(raw, place, &found.all[place]));
    found.complete = value_of<bool>(ampoule_matches_are_complete, raw);
    found.damaged = value_of<std::size_t>(ampoule_matches_damaged, raw);
    return found;
}

} // namespace detail

} // namespace ampoule

#endif
