/**
 * @file ampoule/patient.hpp
 * Whom a chart is about.
 */
#ifndef AMPOULE_PATIENT_HPP
#define AMPOULE_PATIENT_HPP

#include "core.hpp"

namespace ampoule {

/** Whom a chart is about. */
struct patient {
    std::vector<std::string> names;
    /** URI of the namespace, and the identifier there. */
    std::vector<std::pair<std::string, std::string>> identifiers;
    /** `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or nothing. */
    std::string birth_date;
};

namespace detail {

inline patient patient_of(ampoule_patient *raw) {
    const handle<ampoule_patient> from(raw);
    patient made;
    const char *name = nullptr, *system = nullptr, *value = nullptr;
    std::size_t size = 0, system_size = 0;
    while (there(ampoule_patient_name(raw, made.names.size(), &name, &size))) made.names.emplace_back(name, size);
    while (there(ampoule_patient_identifier(raw, made.identifiers.size(), &system, &system_size, &value, &size))) {
        made.identifiers.emplace_back(std::string(system, system_size), std::string(value, size));
    }
    made.birth_date = text_of([&](auto text, auto len) { return ampoule_patient_birth_date(raw, text, len); });
    return made;
}

inline handle<ampoule_patient> to_patient(const patient &from) {
    ampoule_patient *raw = nullptr;
    check(ampoule_patient_new(from.birth_date.data(), from.birth_date.size(), &raw));
    handle<ampoule_patient> made(raw);
    for (const auto &name : from.names) {
        check(ampoule_patient_with_name(made.get(), name.data(), name.size(), &raw));
        made = handle<ampoule_patient>(raw);
    }
    for (const auto &[system, value] : from.identifiers) {
        check(ampoule_patient_with_identifier(made.get(), system.data(), system.size(), value.data(), value.size(), &raw));
        made = handle<ampoule_patient>(raw);
    }
    return made;
}

using patients = std::vector<std::pair<ampoule_chart_id, patient>>;

inline patients patients_of(ampoule_patients *raw) {
    patients all;
    for_all(raw, ampoule_patients_count, [&](ampoule_patients *list, std::size_t place) {
        ampoule_chart_id chart;
        ampoule_patient *found = nullptr;
        check(ampoule_patients_at(list, place, &chart, &found));
        all.emplace_back(chart, patient_of(found));
    });
    return all;
}

} // namespace detail

/** The patient of a FHIR resource of that kind, in JSON. */
inline patient patient_of_fhir(view resource) {
    return detail::patient_of(detail::value_of<ampoule_patient *>(ampoule_patient_of_fhir, resource.data(), resource.size()));
}

} // namespace ampoule

#endif
