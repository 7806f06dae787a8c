/* Who sees a chart: contacts, grants, organisations, auditors. */
#include "harness.hpp"

#include <filesystem>

namespace {

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

void what_a_vault_knows_comes_as_values() {
    auto clinic = vault_of("Riverside Clinic", 1), lee = vault_of("Dr. Lee", 2);
    auto to = clinic.add_contact(lee.card().view()), from = lee.add_contact(clinic.card().view());
    to.verify(to.digits().text());
    from.verify(from.digits().text());
    auto chart = clinic.create_chart();
    chart.share(to, ampoule::grant(AMPOULE_RIGHTS_WRITE).label("hiv"));
    const auto shares = chart.shares();
    CHECK(shares.size() == 2 && chart.share_count() == 2 && chart.fork().empty());
    for (const auto &share : shares) {
        const auto labels = std::vector<std::string>(share.name == "Dr. Lee" ? 1 : 0, "hiv");
        CHECK(share.labels == labels && !share.info.ends);
    }
    CHECK(!chart.patient());
    chart.describe({{"Ana Silva"}, {{"urn:mrn", "4711"}}, "1980-04-01"});
    const auto ana = chart.patient();
    CHECK(ana && ana->names[0] == "Ana Silva" && ana->identifiers[0].second == "4711" && ana->birth_date == "1980-04-01");
    CHECK(clinic.find_patients("sil").size() == 1 && clinic.find_patients("x").empty());
    const auto device = clinic.add_device(ampoule::unlock::device_key({9}));
    CHECK(clinic.devices().size() == 2 && clinic.devices(true).empty());
    clinic.retire_device(device, "left on a train");
    CHECK(clinic.devices(true)[0].reason == "left on a train");
    // He writes while his access is being ended.
    auto copy = lee.chart(lee.import(chart.export_to(to).view()).chart);
    const auto late = copy.put(ampoule::record("text/plain", ampoule::view("Seen")).label("hiv"));
    chart.revoke(to);
    clinic.import(copy.export_labels_to(from, "hiv").view());
    const auto apart = chart.quarantine();
    CHECK(apart.size() == 1 && apart[0].author == "Dr. Lee");
    chart.adopt(apart[0].info.version, "he was on duty");
    CHECK(chart.entry(late).content().text() == "Seen" && chart.quarantine().empty());
    CHECK(status_of([&] { chart.adopt(apart[0].info.version, "again"); }) == AMPOULE_STATUS_NOT_QUARANTINED);
    CHECK(clinic.export_audit(to, chart.id()).view().size() > 0);
    bool thrown = false;
    try {
        clinic.verify([](uint64_t) -> bool { throw std::runtime_error("the window was closed"); });
    } catch (const std::runtime_error &error) {
        thrown = std::string(error.what()) == "the window was closed";
    }
    CHECK(thrown);
    CHECK(status_of([&] { clinic.verify([](uint64_t) { return false; }); }) == AMPOULE_STATUS_CANCELLED);
}

void a_custodian_elsewhere_proposes() {
    pair_of_vaults both;
    auto chart = both.clinic.create_chart();
    auto copy = both.share(chart, AMPOULE_RIGHTS_CUSTODIAN);
    CHECK(copy.waiting() == 0);
    CHECK(copy.administer_here() == AMPOULE_STANDING_PROPOSED && copy.waiting() == 1);
    const auto nobody = status_of([&] { copy.resolve_fork(); });
    CHECK(nobody != AMPOULE_STATUS_OK && status_of([&] { copy.resolve_fork({&both.from}); }) == nobody);
}

/* The clinic's device is copied, and its two copies let different people in. */
void two_histories_of_sharing_are_found_and_resolved() {
    const auto path = fresh_path("clinic.db"), copied = fresh_path("copied.db");
    const auto way = ampoule::unlock::device_key({1});
    const auto kim = vault_of("Dr. Kim", 3), mallory = vault_of("Mallory", 66), nurse = vault_of("Nurse Roe", 4);
    const auto verified = [](ampoule::vault &by, const ampoule::vault &of) {
        auto contact = by.add_contact(of.card().view());
        contact.verify(contact.digits().text());
        return contact;
    };
    pair_of_vaults both(ampoule::vault::create(ampoule::store::sqlite(path), "Riverside Clinic", way).first,
                        vault_of("Guardian", 2));
    const auto guardian = both.to.info().id, of_kim = verified(both.clinic, kim).info().id;
    ampoule_chart_id id;
    {
        auto chart = both.clinic.create_chart();
        id = chart.id();
        both.share(chart, AMPOULE_RIGHTS_CUSTODIAN);
        chart.share(both.clinic.contact(of_kim), ampoule::grant(AMPOULE_RIGHTS_WRITE));
    }
    // What was written is in the file when nobody has it open any more.
    both.to = ampoule::contact();
    both.clinic = ampoule::vault();
    std::filesystem::copy_file(path, copied);
    both.clinic = ampoule::vault::open(ampoule::store::sqlite(path), way);
    both.to = both.clinic.contact(guardian);
    auto other = ampoule::vault::open(ampoule::store::sqlite(copied), way);
    auto chart = both.clinic.chart(id), there = other.chart(id);
    chart.share(verified(both.clinic, nurse), ampoule::grant(AMPOULE_RIGHTS_WRITE));
    there.share(verified(other, mallory), ampoule::grant(AMPOULE_RIGHTS_WRITE));

    // Whoever meets both says so, and the clinic hears of it from him.
    const auto to_guardian = other.contact(guardian);
    CHECK(!both.lee.import(chart.export_to(both.to).view()).forked);
    CHECK(both.lee.import(there.export_to(to_guardian).view()).forked);
    const auto copy = both.lee.chart(id);
    CHECK(both.clinic.import(copy.export_to(both.from).view()).forked);
    for (const auto *forked : {&copy, static_cast<const ampoule::chart *>(&chart)}) {
        const auto histories = forked->fork();
        CHECK(histories.size() == 2 && histories[0].size() == 4 && histories[1].size() == 4);
        CHECK(forked->share_count() == 3);
    }
    const auto frozen = status_of([&] { chart.share(both.to, ampoule::grant(AMPOULE_RIGHTS_READ)); });
    CHECK(frozen == AMPOULE_STATUS_FORKED);

    // Who leaves is known to both histories. Whom only one of them let in has to be let in anew.
    const auto leaving = both.clinic.contact(of_kim);
    CHECK(chart.resolve_fork({&leaving}) == AMPOULE_STANDING_COMMITTED);
    CHECK(chart.fork().empty() && chart.share_count() == 2);
    for (const auto &share : chart.shares()) CHECK(share.name == "Riverside Clinic" || share.name == "Guardian");
    CHECK(!both.lee.import(chart.export_to(both.to).view()).forked);
    CHECK(both.lee.chart(id).fork().empty() && both.lee.chart(id).share_count() == 2);
    CHECK(chart.share(leaving, ampoule::grant(AMPOULE_RIGHTS_READ)) == AMPOULE_STANDING_COMMITTED);
}

void grants_say_what_for() {
    pair_of_vaults both;
    auto chart = both.clinic.create_chart();
    const auto old = chart.put(note("before"));
    chart.share(both.to, ampoule::grant(AMPOULE_RIGHTS_READ));
    chart.revoke(both.to);
    const auto fresh = chart.put(note("after"));
    ampoule::grant grant(AMPOULE_RIGHTS_READ);
    grant.purpose(AMPOULE_PURPOSE_RESEARCH).until(4000000000000).without_history();
    chart.share(both.to, grant);
    bool seen = false;
    for (const auto &share : chart.shares()) {
        if (share.name != "Dr. Lee") continue;
        seen = true;
        CHECK(share.info.purpose == AMPOULE_PURPOSE_RESEARCH && share.info.ends && share.info.not_after_ms == 4000000000000);
    }
    CHECK(seen);
    const auto copy = both.send(chart);
    CHECK(copy.entry(fresh).content().text() == "after" && status_of([&] { (void)copy.entry(old); }) != AMPOULE_STATUS_OK);
}

void contacts_are_known_by_what_they_say() {
    pair_of_vaults both;
    const auto card = both.lee.card();
    const auto [digits, words] = ampoule::fingerprint(card.view());
    CHECK(digits.text() == both.to.digits().text() && words.text() == both.to.words().text() && !words.text().empty());
    CHECK(both.to.name().text() == "Dr. Lee" && both.to.info().verified);
    CHECK(both.clinic.contacts().size() == 1 && same(both.clinic.contacts()[0], both.to.info().id));
    auto again = both.clinic.contact(both.to.info().id);
    again.distrust();
    CHECK(!both.to.info().verified);
    const auto other = vault_of("Dr. Lee", 5);
    again.verify(again.digits().text());
    both.clinic.replace_contact(again, other.card().view());
    CHECK(again.info().status == AMPOULE_CONTACT_STATUS_CHANGED);
    const auto imitator = both.clinic.add_contact(vault_of("Riverside C1inic", 7).card().view());
    const auto [own, others] = imitator.imitates();
    CHECK(own && others.empty());
    const auto namesake = both.clinic.add_contact(vault_of("Dr. Lee", 8).card().view()).imitates();
    CHECK(!namesake.first && namesake.second.size() == 1 && same(namesake.second[0], again.info().id));
}

void an_organisation_vouches_and_takes_it_back() {
    ampoule::options options;
    options.kind(AMPOULE_MEMBER_KIND_ORGANISATION);
    pair_of_vaults both(&options);
    auto &hospital = both.lee;
    const auto nurse = vault_of("Nurse Kim", 3);
    const auto contact = both.clinic.add_contact(nurse.card().view());
    CHECK(!contact.verified_through() && !contact.directory_id() && !contact.info().verified);
    const auto certificate = hospital.certify(nurse.card().view(), "urn:directory", "kim", 4000000000000);
    CHECK(same(both.clinic.add_certificate(certificate.view()).info().id, contact.info().id));
    const auto through = contact.verified_through();
    CHECK(through && same(through->info().id, both.to.info().id) && contact.info().verified);
    const auto id = contact.directory_id();
    CHECK(id && id->first == "urn:directory" && id->second == "kim");
    const auto list = hospital.withdraw(certificate.view());
    CHECK(hospital.withdrawals().view().size() == list.view().size());
    CHECK(same(both.clinic.add_withdrawals(list.view()).info().id, both.to.info().id));
    CHECK(!contact.info().verified && !contact.verified_through() && !contact.directory_id());
    CHECK(status_of([&] { both.clinic.certify(nurse.card().view(), "urn:x", "kim"); }) == AMPOULE_STATUS_NOT_ORGANISATION);
}

void an_auditor_reads_what_a_vault_shows() {
    pair_of_vaults both;
    auto chart = both.clinic.create_chart();
    chart.put(note("Pulse 61"));
    const auto first = both.lee.read_audit(both.clinic.export_audit(both.to, chart.id()).view());
    CHECK(same(first.info().chart, chart.id()) && first.info().logs == 1 && first.log(0).second > 0);
    CHECK(contains(first.lines(), "\"write\"") && first.from().name().text() == "Riverside Clinic");
    CHECK(status_of([&] { (void)first.log(1); }) == AMPOULE_STATUS_OUT_OF_RANGE);
    chart.put(note("No allergies"));
    const auto second = both.lee.read_audit(both.clinic.export_audit(both.to, chart.id()).view());
    CHECK(second.follows(first) && !first.follows(second));
}

} // namespace

const test sharing_tests[] = {
    {"charts_are_shared_and_found", charts_are_shared_and_found},
    {"what_a_vault_knows_comes_as_values", what_a_vault_knows_comes_as_values},
    {"a_custodian_elsewhere_proposes", a_custodian_elsewhere_proposes},
    {"two_histories_of_sharing_are_found_and_resolved", two_histories_of_sharing_are_found_and_resolved},
    {"grants_say_what_for", grants_say_what_for},
    {"contacts_are_known_by_what_they_say", contacts_are_known_by_what_they_say},
    {"an_organisation_vouches_and_takes_it_back", an_organisation_vouches_and_takes_it_back},
    {"an_auditor_reads_what_a_vault_shows", an_auditor_reads_what_a_vault_shows},
    {nullptr, nullptr},
};
