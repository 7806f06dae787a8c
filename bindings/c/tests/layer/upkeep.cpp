/* What a vault is kept up by. */
#include "harness.hpp"

#include <iterator>

namespace {

void ways_and_devices_come_and_go() {
    auto vault = vault_of("Dr. Lee", 1);
    auto both = ampoule::unlock::passphrase("correct horse battery staple");
    both.passphrase_cost(65536, 4, 1);
    const auto way = vault.add_way(both);
    CHECK(vault.ways().size() == 3 && same(vault.ways()[2], way));
    CHECK(vault.way_info(way).passphrase && !vault.way_info(way).device_key);
    vault.lock();
    CHECK(vault.is_locked());
    vault.unlock_again(both);
    CHECK(!vault.is_locked());
    vault.remove_way(way);
    CHECK(vault.ways().size() == 2);
    const auto renewed = vault.renew_device("a copy was made");
    CHECK(same(vault.devices()[0].info.id, renewed));
    const auto format = vault.format();
    CHECK(vault.left_behind(format).empty() && vault.left_behind(format + 1).size() == 1);
    CHECK(status_of([&] { vault.raise_format(format + 1); }) == AMPOULE_STATUS_DEVICE_LEFT_BEHIND);
    // There is one format yet. To ask for the one that is written changes nothing.
    CHECK(status_of([&] { vault.raise_format(format); }) == AMPOULE_STATUS_OK && vault.format() == format);
    CHECK(!same(vault.id(), vault_of("Dr. Lee", 1).id()));
}

void what_is_due_is_told_and_done_by_the_programs_clock() {
    int64_t now = 1800000000000;
    bool stopped = false;
    ampoule::options options;
    options.clock([&] { return stopped ? throw std::runtime_error("the clock stands still") : now; });
    pair_of_vaults both(vault_of("Riverside Clinic", 1, &options), vault_of("Dr. Lee", 2));
    auto chart = both.clinic.create_chart();
    chart.share(both.to, ampoule::grant(AMPOULE_RIGHTS_READ).until(now + 1000));
    CHECK(both.clinic.maintenance().empty());
    now += 2000;
    const auto due = both.clinic.maintenance();
    CHECK(due.size() == 1 && due[0].kind == AMPOULE_DUE_KIND_ENDED_GRANTS && due[0].number == 1);
    CHECK(both.clinic.run_maintenance() == 1);
    // A clock that throws tells what it last told.
    stopped = true;
    CHECK(chart.entry(chart.put(note("note"))).info().time_ms == now);
}

void events_are_told() {
    std::string lines;
    unsigned writes = 0;
    ampoule::options options;
    options.audit(AMPOULE_AUDIT_STRICT).event_sink([&](const ampoule_event &event) {
        lines += std::string(event.line, event.line_len) + "\n";
        if (event.kind != AMPOULE_EVENT_KIND_WRITE) return;
        writes++;
        throw std::runtime_error("goes no further");
    });
    auto vault = vault_of("Dr. Lee", 1, &options);
    auto chart = vault.create_chart();
    const auto id = chart.put(note("note"));
    CHECK(chart.entry(id).content().text() == "note" && writes == 1);
    CHECK(!lines.empty() && vault.audit().text().substr(0, lines.size() - 1) == std::string_view(lines).substr(0, lines.size() - 1));
}

void settings_hold() {
    ampoule::options options;
    int64_t now = 1800000000000;
    options.suite(AMPOULE_SUITE_CHA_CHA20_POLY1305).threads(2).idle_lock(1000).clock([&] { return now; });
    pair_of_vaults both(vault_of("Riverside Clinic", 1, &options), vault_of("Dr. Lee", 2));
    auto chart = both.clinic.create_chart();
    chart.share(both.to, ampoule::grant(AMPOULE_RIGHTS_READ));
    const auto bundle = chart.export_to(both.to);
    CHECK(status_of([&] { both.lee.import(bundle.view()); }) == AMPOULE_STATUS_OTHER_SUITE);
    now += 2000;
    CHECK(status_of([&] { (void)both.clinic.card(); }) == AMPOULE_STATUS_LOCKED);
    CHECK(status_of([&] { ampoule::options().threads(0); }) == AMPOULE_STATUS_INVALID_VALUE);
    ampoule::options accepting;
    accepting.also_accept(AMPOULE_SUITE_CHA_CHA20_POLY1305);
    pair_of_vaults again(vault_of("Riverside Clinic", 1, &options), vault_of("Dr. Lee", 2, &accepting));
    auto other = again.clinic.create_chart();
    CHECK(same(again.share(other, AMPOULE_RIGHTS_READ).id(), other.id()));
}

void labels_of_ones_own_found_a_chart() {
    auto vault = vault_of("Dr. Lee", 1);
    const auto chart = vault.create_chart_with("general\nrestricted\none\ntwo\nthree\nfour\nfive\nsix");
    CHECK(contains(chart.labels().text(), "three"));
    CHECK(status_of([&] { vault.create_chart_with("general"); }) == AMPOULE_STATUS_UNKNOWN_LABEL);
}

void a_witness_is_held_against_the_store() {
    // The base point of Ed25519: a key that nobody signed with here.
    std::array<uint8_t, 32> key;
    key.fill(0x66);
    key[0] = 0x58;
    const auto vault = vault_of("Dr. Lee", 1), other = vault_of("Dr. Who", 2);
    const auto checkpoint = vault.checkpoint();
    CHECK(!vault.witnessed(checkpoint.view(), "witness.example", {key.data(), key.size()}));
    CHECK(status_of([&] { (void)other.witnessed(checkpoint.view(), "w", {key.data(), key.size()}); }) ==
          AMPOULE_STATUS_WRONG_CHECKPOINT);
}

/* A vault that was kept, and what tests/witness.rs says that a witness signed of it. */
void what_a_witness_signed_is_told_with_the_time() {
    std::ifstream file(folder + "/kept/witnessed.txt", std::ios::binary);
    const std::string signed_by_him{std::istreambuf_iterator<char>(file), {}};
    // Of the seed of 32 sevens.
    const std::array<uint8_t, 32> key{0xea, 0x4a, 0x6c, 0x63, 0xe2, 0x9c, 0x52, 0x0a, 0xbe, 0xf5, 0x50, 0x7b, 0x13, 0x2e, 0xc5, 0xf9,
                                      0x95, 0x47, 0x76, 0xae, 0xbe, 0xbe, 0x7b, 0x92, 0x42, 0x1e, 0xea, 0x69, 0x14, 0x46, 0xd2, 0x2c};
    std::array<uint8_t, 32> sevens;
    sevens.fill(7);
    const auto way = ampoule::unlock::device_key(sevens);
    auto vault = ampoule::vault::open(ampoule::store::sqlite(folder + "/kept/vault.sqlite"), way);
    const auto seen = [&](std::string_view witness) {
        return vault.witnessed(ampoule::view(signed_by_him), witness, {key.data(), key.size()});
    };
    CHECK(seen("witness.example/w1") == 1679315147U);
    CHECK(!seen("witness.example/w2"));
    // The log has gone on since.
    vault.chart(vault.charts()[0]).put(note("Pulse 61"));
    CHECK(seen("witness.example/w1") == 1679315147U);
}

void what_a_bundle_contradicts_is_settled() {
    pair_of_vaults both;
    auto chart = both.clinic.create_chart();
    auto hiv = note("Negative");
    chart.put(note("Pulse 61"));
    chart.put(hiv.label("hiv"));
    chart.share(both.to, ampoule::grant(AMPOULE_RIGHTS_READ));
    auto copy = both.lee.chart(both.lee.import(chart.export_labels_to(both.to, "general").view()).chart);
    const auto found = copy.findings();
    CHECK(found.wrong.empty() && found.not_here.size() == 1 && found.not_here[0].label == "hiv");
    copy.settle_bundles("asked the clinic");
    CHECK(contains(both.lee.audit().text(), "asked the clinic"));
}

} // namespace

const test upkeep_tests[] = {
    {"ways_and_devices_come_and_go", ways_and_devices_come_and_go},
    {"what_is_due_is_told_and_done_by_the_programs_clock", what_is_due_is_told_and_done_by_the_programs_clock},
    {"events_are_told", events_are_told},
    {"settings_hold", settings_hold},
    {"labels_of_ones_own_found_a_chart", labels_of_ones_own_found_a_chart},
    {"a_witness_is_held_against_the_store", a_witness_is_held_against_the_store},
    {"what_a_witness_signed_is_told_with_the_time", what_a_witness_signed_is_told_with_the_time},
    {"what_a_bundle_contradicts_is_settled", what_a_bundle_contradicts_is_settled},
    {nullptr, nullptr},
};
