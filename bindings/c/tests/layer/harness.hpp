/* A test is a function; CHECK counts and goes on, an exception ends the test. */
#ifndef HARNESS_HPP
#define HARNESS_HPP

#include <ampoule.hpp>

#include <cstdio>
#include <fstream>
#include <string>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            failures_here++; \
            std::printf("# %s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

inline int failures_here = 0;
/* Where tests write. */
inline std::string folder = ".";

template <typename Work> uint32_t status_of(Work work) {
    try {
        work();
        return AMPOULE_STATUS_OK;
    } catch (const ampoule::error &error) {
        return error.status();
    }
}

/* Whether two ids are the same. */
template <typename Id> bool same(const Id &one, const Id &other) { return std::memcmp(&one, &other, sizeof one) == 0; }

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

inline ampoule::vault vault_of(const char *name, uint8_t byte, const ampoule::options *options = nullptr) {
    const auto way = ampoule::unlock::device_key({byte});
    return ampoule::vault::create(ampoule::store::memory(), name, way, options).first;
}

inline ampoule::record note(std::string_view text) { return ampoule::record("text/plain", ampoule::view(text)); }

/* A path that no test before has used. */
std::string fresh_path(const char *name);

/* Two vaults, each a verified contact of the other. */
struct pair_of_vaults {
    ampoule::vault clinic, lee;
    ampoule::contact to, from;

    pair_of_vaults(ampoule::vault first, ampoule::vault second) : clinic(std::move(first)), lee(std::move(second)) {
        to = clinic.add_contact(lee.card().view());
        from = lee.add_contact(clinic.card().view());
        to.verify(to.digits().text());
        from.verify(from.digits().text());
    }
    explicit pair_of_vaults(const ampoule::options *of_lee = nullptr)
        : pair_of_vaults(vault_of("Riverside Clinic", 1), vault_of("Dr. Lee", 2, of_lee)) {}

    /* Shares a chart of the clinic, and gives the copy. */
    ampoule::chart share(ampoule::chart &chart, ampoule_rights rights) {
        chart.share(to, ampoule::grant(rights));
        return send(chart);
    }
    ampoule::chart send(const ampoule::chart &chart) { return lee.chart(lee.import(chart.export_to(to).view()).chart); }
};

struct test {
    const char *name;
    void (*run)();
};

extern const test chart_tests[];
extern const test file_tests[];
extern const test floor_tests[];
extern const test keeping_tests[];
extern const test link_tests[];
extern const test owner_tests[];
extern const test sharing_tests[];
extern const test store_tests[];
extern const test talk_tests[];
extern const test upkeep_tests[];

#endif
