/* SMART Health Links. */
#include "harness.hpp"

namespace {

constexpr std::string_view ALLERGY = R"({"resourceType":"AllergyIntolerance"})";

void a_link_is_made_and_opened() {
    auto link = ampoule::link::make("https://example.org/links");
    ampoule_link_info info{};
    info.passcode = true;
    info.ends_s = 1900000000;
    link.change(info).label("Allergies");
    link.seal("application/fhir+json", ampoule::view(ALLERGY));
    const auto served = link.manifest();
    CHECK(!contains(served.text(), "Allergy"));
    const auto text = link.text();
    CHECK(status_of([&] { ampoule::link::parse(text.text(), 1900000001); }) == AMPOULE_STATUS_LINK_ENDED);
    const auto read = ampoule::link::parse(text.text(), 1800000000);
    CHECK(read.label().text() == "Allergies" && read.info().passcode && read.info().ends_s == 1900000000);
    CHECK(status_of([&] { (void)read.request("Dr. Lee"); }) == AMPOULE_STATUS_PASSCODE_NEEDED);
    const auto [url, body] = read.request("Dr. Lee", "4711");
    CHECK(contains(url.text(), "https://example.org/links/") && contains(body.text(), "4711"));
    const auto manifest = read.read_manifest(served.view());
    CHECK(manifest.size() == 1 && manifest.location(0).empty());
    const auto file = read.open(manifest, 0);
    CHECK(file.media_type.text() == "application/fhir+json" && file.content.text() == ALLERGY);
    CHECK(status_of([&] { (void)read.open(manifest, 1); }) == AMPOULE_STATUS_OUT_OF_RANGE);
}

void a_link_to_one_file_is_opened() {
    auto link = ampoule::link::make("https://example.org/links");
    ampoule_link_info info{};
    info.single_file = true;
    const auto jwe = link.change(info).seal("application/fhir+json", ampoule::view(ALLERGY));
    const auto read = ampoule::link::parse(link.text().text(), 1800000000);
    CHECK(read.request("Dr. Lee").second.text().empty() && read.open_file(jwe.view()).content.text() == ALLERGY);
    const auto other = ampoule::link::make("https://example.org/links");
    CHECK(status_of([&] { (void)other.open_file(jwe.view()); }) != AMPOULE_STATUS_OK);
}

} // namespace

const test link_tests[] = {
    {"a_link_is_made_and_opened", a_link_is_made_and_opened},
    {"a_link_to_one_file_is_opened", a_link_to_one_file_is_opened},
    {nullptr, nullptr},
};
