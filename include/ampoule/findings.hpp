/**
 * @file ampoule/findings.hpp
 * What is not as it should be.
 */
#ifndef AMPOULE_FINDINGS_HPP
#define AMPOULE_FINDINGS_HPP

#include "core.hpp"

namespace ampoule {

/** A version that is kept apart or disputed. */
struct quarantined {
    ampoule_quarantined info;
    /** Name on its author's card. */
    std::string author;
};

/** Something that is not here, and need not be. */
struct not_here {
    ampoule_not_here info;
    std::string label;
};

/** What is not as it should be, and what is not here. */
struct findings {
    std::vector<ampoule_finding> wrong;
    std::vector<ampoule::not_here> not_here;
};

/** What verifying saw. */
struct verified : findings {
    ampoule_report report{};
};

namespace detail {

inline findings findings_of(ampoule_findings *raw) {
    const handle<ampoule_findings> list(raw);
    findings found;
    found.wrong.resize(value_of<std::size_t>(ampoule_findings_count, raw));
    for (std::size_t place = 0; place < found.wrong.size(); place++) {
        check(ampoule_findings_at(raw, place, &found.wrong[place]));
    }
    const auto absent = value_of<std::size_t>(ampoule_findings_not_here_count, raw);
    for (std::size_t place = 0; place < absent; place++) {
        not_here one;
        one.label =
            text_of([&](auto text, auto size) { return ampoule_findings_not_here_at(raw, place, &one.info, text, size); });
        found.not_here.push_back(std::move(one));
    }
    return found;
}

} // namespace detail

} // namespace ampoule

#endif
