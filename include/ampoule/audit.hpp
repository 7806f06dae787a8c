/**
 * @file ampoule/audit.hpp
 * What somebody else's vault tells of a chart.
 */
#ifndef AMPOULE_AUDIT_HPP
#define AMPOULE_AUDIT_HPP

#include "contact.hpp"

namespace ampoule {

/** The events of a chart, by a verified contact's vault: see vault::read_audit. */
class audit_report : public handle<ampoule_audit_report> {
  public:
    using handle::handle;

    ampoule_audit_info info() const { return detail::value_of<ampoule_audit_info>(ampoule_audit_report_get_info, get()); }
    contact from() const { return detail::owner_of<contact>(ampoule_audit_report_from, get()); }
    /** Lines of JSON. */
    std::string_view lines() const { return detail::lent_by(ampoule_audit_report_lines, get()); }
    /** One of its logs: the device, and how many leaves it had. */
    std::pair<ampoule_device_id, uint64_t> log(std::size_t place) const {
        std::pair<ampoule_device_id, uint64_t> log;
        check(ampoule_audit_report_log(get(), place, &log.first, &log.second));
        return log;
    }
    /** Whether nothing is missing that an earlier one told. */
    bool follows(const audit_report &earlier) const {
        return detail::value_of<bool>(ampoule_audit_report_follows, get(), earlier.get());
    }
};

} // namespace ampoule

#endif
