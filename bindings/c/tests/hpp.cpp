/* The C++ layer: owners, exceptions, callbacks that throw. */
#include <ampoule.hpp>

#include <cstdio>
#include <fstream>
#include <type_traits>

namespace {

int passed = 0, failed = 0, failures_here = 0;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            failures_here++; \
            std::printf("# %s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

template <typename Work> uint32_t status_of(Work work) {
    try {
        work();
        return AMPOULE_STATUS_OK;
    } catch (const ampoule::error &error) {
        return error.status();
    }
}

std::string folder;

ampoule::vault vault_of(const char *name, uint8_t byte) {
    return ampoule::vault::create(ampoule::store::memory(), name, ampoule::unlock::device_key({byte})).first;
}

static_assert(!std::is_copy_constructible<ampoule::vault>::value, "a handle has one owner");
static_assert(!std::is_copy_assignable<ampoule::buffer>::value, "a buffer has one owner");
static_assert(std::is_nothrow_move_constructible<ampoule::chart>::value, "owners move");

void owners_close_what_they_own() {
    const auto before = ampoule_handle_count();
    {
        auto vault = vault_of("Dr. Lee", 1);
        auto moved = std::move(vault);
        CHECK(!vault && moved);
        auto chart = moved.create_chart();
        moved = vault_of("Dr. Who", 2); // the old one goes with its owner
        CHECK(chart.entry(chart.put(ampoule::record("text/plain", ampoule::view("note")))).content().text() == "note");
    }
    CHECK(ampoule_handle_count() == before);
    // A raw handle that was kept is no way around its owner.
    ampoule_chart *kept = nullptr;
    {
        auto vault = vault_of("Dr. Lee", 1);
        auto chart = vault.create_chart();
        kept = chart.get();
    }
    ampoule_chart_id id;
    CHECK(ampoule_chart_get_id(kept, &id) == AMPOULE_STATUS_CLOSED_HANDLE);
}

void failures_are_exceptions_with_the_status() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    CHECK(status_of([&] { (void)chart.entry({}); }) == AMPOULE_STATUS_UNKNOWN_ENTRY);
    vault.lock();
    CHECK(status_of([&] { (void)vault.card(); }) == AMPOULE_STATUS_LOCKED);
    vault.unlock_again(ampoule::unlock::device_key({1}));
    CHECK(vault.charts().size() == 1);
    CHECK(status_of([&] { ampoule::record("text/plain").name("\xff"); }) == AMPOULE_STATUS_INVALID_TEXT);
    try {
        (void)chart.entry({});
    } catch (const std::exception &error) {
        CHECK(std::string(error.what()).find("no such entry") != std::string::npos);
    }
}

void h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    const std::string path = folder + "/file";
    std::ofstream(path) << std::string(200000, 'x');
    const ampoule::record info("text/plain");
    int thrown = 0;
    try {
        chart.put_path(info, path, [](uint64_t) -> bool { throw std::runtime_error("the window was closed"); });
    } catch (const ampoule::error &) {
        CHECK(false);
    } catch (const std::runtime_error &error) {
        thrown++;
        CHECK(std::string(error.what()) == "the window was closed");
    }
    CHECK(thrown == 1 && chart.find(ampoule::query()).empty());
    // The vault is none the worse for it.
    CHECK(status_of([&] { chart.put_path(info, path, [](uint64_t) { return false; }); }) == AMPOULE_STATUS_CANCELLED);
    const auto file = chart.file(chart.put_path(info, path));
    CHECK(file.size() == 200000 && file.read_range(5, 3).text() == "xxx");
    CHECK(std::remove(path.c_str()) == 0);
}

void charts_are_shared_and_found() {
    auto clinic = vault_of("Riverside Clinic", 1), lee = vault_of("Dr. Lee", 2);
    auto to = clinic.add_contact(lee.card().view());
    auto from = lee.add_contact(clinic.card().view());
    CHECK(status_of([&] { to.verify("00000 00000"); }) == AMPOULE_STATUS_FINGERPRINT_MISMATCH);
    to.verify(to.digits().text());
    from.verify(from.digits().text());
    auto chart = clinic.create_chart();
    ampoule::record record("text/plain", ampoule::view("HbA1c 6.1"));
    record.kind("Observation").code("http://loinc.org", "4548-4").words("HbA1c").name("HbA1c");
    const auto id = chart.put(record);
    CHECK(chart.share(to, ampoule::grant(AMPOULE_RIGHTS_READ)) == AMPOULE_STANDING_COMMITTED);
    ampoule::buffer next;
    const auto applied = lee.import(chart.export_to(to).view(), &next);
    CHECK(applied.added == 1);
    auto copy = lee.chart(applied.chart);
    CHECK(copy.find(ampoule::query("Observation").code("http://loinc.org", "4548-4").words("hba1c")).size() == 1);
    const auto entry = copy.entry(id);
    CHECK(entry.author() == "Riverside Clinic" && entry.name() == "HbA1c" && !entry.info().mine);
    chart.revoke(to);
    lee.import(chart.export_to(to, next.view()).view());
    CHECK(status_of([&] { (void)copy.entry(id); }) == AMPOULE_STATUS_GRANT_ENDED);
}

void run(const char *name, void (*test)()) {
    failures_here = 0;
    try {
        test();
    } catch (const std::exception &error) {
        failures_here++;
        std::printf("# %s\n", error.what());
    }
    if (ampoule_handle_count() != 0) {
        failures_here++;
        std::printf("# handles are open\n");
    }
    std::printf("%s %d - %s\n", failures_here == 0 ? "ok" : "not ok", passed + failed + 1, name);
    (failures_here == 0 ? passed : failed)++;
}

} // namespace

int main(int count, char **arguments) {
    folder = count > 2 ? arguments[2] : ".";
    run("owners_close_what_they_own", owners_close_what_they_own);
    run("failures_are_exceptions_with_the_status", failures_are_exceptions_with_the_status);
    run("h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it",
        h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it);
    run("charts_are_shared_and_found", charts_are_shared_and_found);
    std::printf("1..%d\ntest result: %s. %d passed; %d failed\n", passed + failed, failed == 0 ? "ok" : "FAILED", passed,
                failed);
    return failed == 0 ? 0 : 1;
}
