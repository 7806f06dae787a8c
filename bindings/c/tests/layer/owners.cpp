/* Owners, exceptions, callbacks that throw. */
#include "harness.hpp"

#include <type_traits>

namespace {

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
    const auto path = fresh_path("file");
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

void the_library_says_its_version() { CHECK(ampoule::version() == AMPOULE_VERSION); }

} // namespace

const test owner_tests[] = {
    {"owners_close_what_they_own", owners_close_what_they_own},
    {"failures_are_exceptions_with_the_status", failures_are_exceptions_with_the_status},
    {"h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it", h56_a_callback_that_throws_ends_the_call_and_comes_out_of_it},
    {"the_library_says_its_version", the_library_says_its_version},
    {nullptr, nullptr},
};
