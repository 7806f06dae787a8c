/* Entries of a chart: what they say, their versions, batches. */
#include "harness.hpp"

namespace {

void an_entry_says_what_it_was_put_with() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.acting_for("urn:directory", "nurse-17", "session-1", "rounds").chart(vault.create_chart().id());
    auto record = note("HbA1c 6.1");
    record.label("hiv").kind("Observation").name("HbA1c").code("http://loinc.org", "4548-4").code("", "x").dates(100, 200);
    record.words("Glycated haemoglobin");
    const auto entry = chart.entry(chart.put(record));
    CHECK(entry.label() == "hiv" && entry.kind() == "Observation" && entry.name() == "HbA1c");
    CHECK(entry.media_type() == "text/plain" && entry.author() == "Dr. Lee");
    const auto codes = entry.codes();
    CHECK(codes.size() == 2);
    for (const auto &[system, code] : codes) CHECK((system == "http://loinc.org" && code == "4548-4") || (system.empty() && code == "x"));
    CHECK(entry.dates().size() == 1 && entry.dates()[0] == std::make_pair(int64_t{100}, int64_t{200}));
    CHECK(contains(entry.words().text(), "haemoglobin") && entry.parents().empty() && entry.conflicts().empty());
    const auto actor = entry.actor();
    CHECK(actor && actor->issuer == "urn:directory" && actor->subject == "nurse-17" && actor->session == "session-1");
    CHECK(actor && actor->purpose == "rounds");
    auto plain = vault.chart(chart.id());
    CHECK(!plain.entry(plain.put(note("note"))).actor());
}

void entries_are_found_by_dates_and_beginnings_of_words() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    auto record = note("one");
    record.kind("Note").words("Haemoglobin").dates(100, 200);
    const auto id = chart.put(record);
    const auto found = chart.find(ampoule::query("Note").word_prefix("haemo").dates(150, 160));
    CHECK(found.size() == 1 && same(found.at(0).entry, id) && found.complete && found.damaged == 0);
    CHECK(chart.find(ampoule::query("Note").dates(200, 300)).empty());
    CHECK(chart.find(ampoule::query("Note").words("haemo")).empty());
    CHECK(chart.list().size() == 1 && chart.list(AMPOULE_KIND_RECORD).size() == 1 && chart.list(AMPOULE_KIND_FILE).empty());
}

void versions_conflict_and_are_resolved() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart();
    const auto id = chart.put_once("request 1", note("first"));
    CHECK(same(id, chart.put_once("request 1", note("never put"))));
    const auto read = chart.entry(id);
    const auto one = chart.update(id, note("second"));
    const auto other = chart.update_from(read, note("third"));
    const auto now = chart.entry(id);
    CHECK(now.conflicts().size() == 1 && now.parents().size() == 1 && same(now.parents()[0], read.info().version));
    CHECK(chart.version(one).content().text() == "second" && chart.version(other).content().text() == "third");
    const auto both = chart.resolve(id, note("both"));
    CHECK(chart.entry(id).conflicts().empty() && chart.entry(id).parents().size() == 2);
    const auto history = chart.history(id);
    CHECK(history.size() == 4 && same(history.at(3).info().version, both));
    CHECK(status_of([&] { (void)history.at(4); }) == AMPOULE_STATUS_OUT_OF_RANGE);
    chart.remove(id);
    CHECK(chart.history(id).size() == 5 && status_of([&] { (void)chart.entry(id); }) == AMPOULE_STATUS_UNKNOWN_ENTRY);
}

void a_batch_is_made_as_a_whole() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart(), other = vault.create_chart();
    const auto id = chart.put(note("one")), gone = chart.put(note("two"));
    const auto torn = chart.put(note("three"));
    const auto before = chart.entry(torn);
    chart.update(torn, note("four"));
    chart.update_from(before, note("five"));
    const auto read = chart.entry(id);
    ampoule::batch changes;
    changes.put(other, note("new")).put_once(other, "key", note("once")).update_from(chart, read, note("changed"));
    changes.remove(chart, gone).resolve(chart, torn, note("one again"));
    changes.acting_for({"urn:directory", "nurse-17", "session-1", "rounds"}).put(chart, note("on behalf"));
    const auto ids = vault.run(changes);
    CHECK(ids.size() == 7 && other.list().size() == 2 && chart.entry(id).content().text() == "changed");
    CHECK(chart.entry(torn).content().text() == "one again" && chart.entry(torn).conflicts().empty());
    CHECK(status_of([&] { (void)chart.entry(gone); }) == AMPOULE_STATUS_UNKNOWN_ENTRY);
    ampoule_entry_id made;
    std::memcpy(&made, ids[6].data(), sizeof made);
    CHECK(chart.entry(made).actor_subject() == "nurse-17");
    ampoule::batch fails;
    fails.update(chart, id, note("not this")).update(chart, gone, note("nor this"));
    CHECK(status_of([&] { vault.run(fails); }) == AMPOULE_STATUS_UNKNOWN_ENTRY && chart.entry(id).content().text() == "changed");
}

void patients_are_found_by_what_identifies_them() {
    static const char fhir[] = R"({"resourceType":"Patient","name":[{"given":["Ana"],"family":"Silva"}],"birthDate":"1980-04-01"})";
    auto vault = vault_of("Riverside Clinic", 1);
    auto chart = vault.create_chart();
    auto ana = ampoule::patient_of_fhir(ampoule::view(std::string_view(fhir)));
    CHECK(ana.names.size() == 1 && ana.birth_date == "1980-04-01");
    ana.identifiers.emplace_back("urn:mrn", "4711");
    chart.describe(ana);
    CHECK(vault.find_identifier("urn:mrn", "4711").size() == 1 && vault.find_identifier("", "4711", "1980").size() == 1);
    CHECK(vault.find_identifier("urn:other", "4711").empty());
    chart.forget_patient();
    CHECK(!chart.patient() && vault.find_identifier("urn:mrn", "4711").empty());
    const auto record = ampoule::record::of_fhir(ampoule::view(std::string_view(fhir)));
    CHECK(chart.entry(chart.put(record)).content().text() == fhir);
    CHECK(status_of([] { ampoule::record::of_fhir(ampoule::view(std::string_view("{}"))); }) == AMPOULE_STATUS_NOT_FHIR);
}

void a_chart_leaves_for_its_patient_and_comes_back() {
    auto vault = vault_of("Dr. Lee", 1);
    auto chart = vault.create_chart(), copy = vault.create_chart();
    chart.put(note("for Ana"));
    const auto path = fresh_path("ana");
    const auto stop = [](uint64_t) { return false; };
    CHECK(status_of([&] { chart.export_for_patient("to Ana", path, stop); }) == AMPOULE_STATUS_CANCELLED);
    CHECK(chart.export_for_patient("to Ana, who asked for it", path).records == 1);
    CHECK(status_of([&] { copy.import_from_patient(path, stop); }) == AMPOULE_STATUS_CANCELLED);
    const auto [records, files] = copy.import_from_patient(path);
    CHECK(records == 1 && files == 0 && copy.list().size() == 1);
    chart.note_export("read out to her");
    CHECK(contains(vault.audit().text(), "who asked for it") && contains(vault.audit().text(), "read out to her"));
}

} // namespace

const test chart_tests[] = {
    {"an_entry_says_what_it_was_put_with", an_entry_says_what_it_was_put_with},
    {"entries_are_found_by_dates_and_beginnings_of_words", entries_are_found_by_dates_and_beginnings_of_words},
    {"versions_conflict_and_are_resolved", versions_conflict_and_are_resolved},
    {"a_batch_is_made_as_a_whole", a_batch_is_made_as_a_whole},
    {"patients_are_found_by_what_identifies_them", patients_are_found_by_what_identifies_them},
    {"a_chart_leaves_for_its_patient_and_comes_back", a_chart_leaves_for_its_patient_and_comes_back},
    {nullptr, nullptr},
};
