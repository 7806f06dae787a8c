/* Keys and sealed bytes in tables of the program's own. */
#include "harness.hpp"

namespace {

ampoule::member member_of(const char *name, uint8_t byte) {
    auto made = ampoule::member::create(name, AMPOULE_MEMBER_KIND_SERVICE, ampoule::unlock::device_key({byte}), 1000);
    CHECK(!made.second.text().empty());
    return std::move(made.first);
}

void sealed_bytes_open_from_stored_states() {
    const auto clinic = member_of("Riverside EHR", 1);
    const auto keys = ampoule::chart_keys::create(clinic, 1000);
    const auto column = keys.seal(note("note"), 2000);
    CHECK(!contains(column.text(), "note") && ampoule::chart_keys::sealed_size_max(4) > 4);
    const auto member = ampoule::member::open(clinic.state().view(), ampoule::unlock::device_key({1}));
    const auto loaded = ampoule::chart_keys::load(keys.state(clinic).view(), member);
    CHECK(same(loaded.id(), keys.id()));
    const auto opened = loaded.open(column.view());
    CHECK(opened.content().text() == "note" && opened.media_type() == "text/plain" && opened.info().time_ms == 2000);
    const auto second = loaded.seal_version(opened.info().entry, {opened.info().version}, note("changed"), 3000);
    const auto parents = loaded.open(second.view()).parents();
    CHECK(parents.size() == 1 && same(parents[0], opened.info().version));
    std::array<uint8_t, 32> hash;
    std::memcpy(hash.data(), opened.info().hash, hash.size());
    CHECK(loaded.open(column.view(), &hash).content().text() == "note");
    CHECK(status_of([&] { (void)loaded.open(second.view(), &hash); }) == AMPOULE_STATUS_UNEXPECTED);
}

void a_chart_is_shared_and_taken() {
    const auto clinic = member_of("Riverside EHR", 1), lab = member_of("Laboratory", 2);
    const auto alone = ampoule::chart_keys::create(clinic, 1000);
    const auto column = alone.seal(note("note"), 2000);
    const auto card = lab.card();
    const auto shared = alone.share(card.view(), ampoule::grant(AMPOULE_RIGHTS_READ), 3000);
    const auto handed = shared.grant_for(card.view());
    const auto taken = ampoule::chart_keys::take(handed.view(), lab, clinic.card().view());
    CHECK(taken.open(column.view()).content().text() == "note");
    const auto after = shared.revoke(card.view(), 4000);
    CHECK(status_of([&] { (void)after.grant_for(card.view()); }) == AMPOULE_STATUS_NO_SUCH_MEMBER);
    const auto rewrapped = after.rewrap(column.view());
    CHECK(after.open(rewrapped.view()).content().text() == "note");
    CHECK(status_of([&] { (void)taken.open(rewrapped.view()); }) != AMPOULE_STATUS_OK);
    const auto newer = ampoule::chart_keys::take(handed.view(), lab, clinic.card().view(), &taken);
    CHECK(same(newer.id(), alone.id()));
}

} // namespace

const test floor_tests[] = {
    {"sealed_bytes_open_from_stored_states", sealed_bytes_open_from_stored_states},
    {"a_chart_is_shared_and_taken", a_chart_is_shared_and_taken},
    {nullptr, nullptr},
};
