/* Who may see a chart, in detail: shares, what is kept apart, organisations, auditors. */
#include "harness.h"

static int is_text(const char *text, size_t len, const char *should) {
    return len == strlen(should) && memcmp(text, should, len) == 0;
}

static void shares_are_told_one_by_one(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *to, *from;
    ampoule_chart *chart = NULL;
    ampoule_grant *grant = NULL;
    ampoule_shares *shares = NULL;
    ampoule_share_info info;
    const char *text = NULL;
    size_t count = 0, len = 0, i, seen = 0;
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_WRITE, &grant));
    OK(ampoule_grant_add_label(grant, AMPOULE_TEXT("hiv")));
    OK(ampoule_grant_set_until(grant, 4000000000000));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_chart_shares(chart, &shares));
    OK(ampoule_shares_count(shares, &count));
    CHECK(count == 2);
    for (i = 0; i < count; i++) {
        OK(ampoule_shares_at(shares, i, &info, &text, &len));
        if (!is_text(text, len, "Dr. Lee")) {
            CHECK(is_text(text, len, "Riverside Clinic") && info.rights == AMPOULE_RIGHTS_CUSTODIAN && !info.ends);
            continue;
        }
        seen++;
        CHECK(info.rights == AMPOULE_RIGHTS_WRITE && info.purpose == AMPOULE_PURPOSE_TREAT);
        CHECK(info.ends && info.not_after_ms == 4000000000000 && info.labels == 1);
        OK(ampoule_shares_label(shares, i, 0, &text, &len));
        CHECK(is_text(text, len, "hiv"));
        GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_shares_label(shares, i, 1, &text, &len));
    }
    CHECK(seen == 1);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_shares_at(shares, 2, &info, &text, &len));
    CLOSE(shares, grant, chart, to, from, clinic, lee);
}

static void labels_that_are_not_sent_are_told(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *to, *from;
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_grant *grant = NULL;
    ampoule_record *hiv = note("Negative");
    ampoule_buffer bundle;
    ampoule_applied applied;
    ampoule_findings *findings = NULL;
    ampoule_not_here absent;
    ampoule_finding finding;
    ampoule_report report;
    ampoule_entry_id general, other;
    const char *label = NULL;
    size_t count = 0, len = 0;
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    general = put_note(chart, "Blood pressure 120/80");
    OK(ampoule_record_set_label(hiv, AMPOULE_TEXT("hiv")));
    OK(ampoule_chart_put(chart, hiv, &other));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    GIVES(AMPOULE_STATUS_INVALID_LABEL, ampoule_chart_export_labels(chart, to, NULL, 0, NULL, 0, &bundle));
    GIVES(AMPOULE_STATUS_INVALID_LABEL, ampoule_chart_export_labels(chart, to, NULL, 0, AMPOULE_TEXT("general\n\nx"), &bundle));
    OK(ampoule_chart_export_labels(chart, to, NULL, 0, AMPOULE_TEXT("general"), &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    CHECK(holds(copy, general, "Blood pressure 120/80") && !holds(copy, other, "Negative"));
    OK(ampoule_vault_verify_in_detail(lee, NULL, NULL, &report, &findings));
    OK(ampoule_findings_count(findings, &count));
    CHECK(count == 0 && report.versions == 1);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_findings_at(findings, 0, &finding));
    OK(ampoule_findings_not_here_count(findings, &count));
    REQUIRE(count == 1 && report.not_here == 1);
    OK(ampoule_findings_not_here_at(findings, 0, &absent, &label, &len));
    CHECK(absent.kind == AMPOULE_ABSENCE_NOT_FETCHED && absent.number == 1 && is_text(label, len, "hiv"));
    CHECK(memcmp(&absent.chart, &applied.chart, sizeof absent.chart) == 0);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_findings_not_here_at(findings, 1, &absent, &label, &len));
    CLOSE(findings);
    OK(ampoule_chart_findings(copy, &findings));
    OK(ampoule_findings_not_here_count(findings, &count));
    CHECK(count == 1);
    OK(ampoule_chart_note_export(copy, AMPOULE_TEXT("for the patient, who asked for it")));
    GIVES(AMPOULE_STATUS_INVALID_REASON, ampoule_chart_note_export(copy, NULL, 0));
    OK(ampoule_chart_settle_bundles(copy, AMPOULE_TEXT("asked the clinic")));
    CLOSE(findings, grant, hiv, copy, chart, to, from, clinic, lee);
}

static void what_came_late_is_kept_apart_and_adopted(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *to, *from;
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_grant *grant = NULL;
    ampoule_buffer bundle;
    ampoule_applied applied;
    ampoule_quarantine *quarantine = NULL;
    ampoule_quarantined apart;
    ampoule_entry_id late;
    ampoule_standing standing;
    const char *author = NULL;
    size_t count = 9, len = 0;
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_WRITE, &grant));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_chart_export(chart, to, NULL, 0, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    OK(ampoule_chart_quarantine(chart, &quarantine));
    OK(ampoule_quarantine_count(quarantine, &count));
    CHECK(count == 0);
    CLOSE(quarantine);
    /* He writes while his access is being ended. */
    late = put_note(copy, "Seen on the ward");
    OK(ampoule_chart_revoke(chart, to, NULL));
    OK(ampoule_chart_export(copy, from, NULL, 0, &bundle));
    OK(ampoule_vault_import(clinic, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    CHECK(applied.quarantined == 1);
    OK(ampoule_chart_quarantine(chart, &quarantine));
    OK(ampoule_quarantine_count(quarantine, &count));
    REQUIRE(count == 1);
    OK(ampoule_quarantine_at(quarantine, 0, &apart, &author, &len));
    CHECK(is_text(author, len, "Dr. Lee") && apart.known && apart.acceptance == AMPOULE_ACCEPTANCE_QUARANTINED);
    CHECK(apart.doubt == AMPOULE_DOUBT_ACCESS_ENDED && memcmp(&apart.entry, &late, sizeof late) == 0);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_quarantine_at(quarantine, 1, &apart, &author, &len));
    CHECK(!holds(chart, late, "Seen on the ward"));
    GIVES(AMPOULE_STATUS_INVALID_REASON, ampoule_chart_adopt(chart, &apart.version, NULL, 0, &standing));
    OK(ampoule_chart_adopt(chart, &apart.version, AMPOULE_TEXT("he was on duty"), &standing));
    CHECK(standing == AMPOULE_STANDING_COMMITTED && holds(chart, late, "Seen on the ward"));
    GIVES(AMPOULE_STATUS_NOT_QUARANTINED, ampoule_chart_adopt(chart, &apart.version, AMPOULE_TEXT("again"), NULL));
    CLOSE(quarantine, grant, copy, chart, to, from, clinic, lee);
}

static void a_chart_without_a_fork_has_no_histories(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *to, *from;
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_grant *grant = NULL;
    ampoule_shares *shares = NULL;
    ampoule_buffer bundle;
    ampoule_applied applied;
    ampoule_standing standing;
    size_t count = 9;
    const ampoule_contact *leaving[1];
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_chart_fork_count(chart, &count));
    CHECK(count == 0);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_chart_fork_shares(chart, 0, &shares));
    leaving[0] = to;
    CHECK(ampoule_chart_resolve_fork(chart, leaving, 1, &standing) != AMPOULE_STATUS_OK);
    CHECK(ampoule_chart_resolve_fork(chart, NULL, 0, &standing) != AMPOULE_STATUS_OK);
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_resolve_fork(chart, NULL, 1, &standing));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_chart_resolve_fork(chart, leaving, SIZE_MAX, &standing));
    leaving[0] = NULL;
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_resolve_fork(chart, leaving, 1, &standing));
    /* A second custodian's change waits for the vault that administers the chart. */
    OK(ampoule_grant_new(AMPOULE_RIGHTS_CUSTODIAN, &grant));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_chart_export(chart, to, NULL, 0, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    OK(ampoule_chart_waiting(copy, &count));
    CHECK(count == 0);
    OK(ampoule_chart_administer_here(copy, &standing));
    CHECK(standing == AMPOULE_STANDING_PROPOSED);
    OK(ampoule_chart_waiting(copy, &count));
    CHECK(count == 1);
    CLOSE(grant, copy, chart, to, from, clinic, lee);
}

static ampoule_vault *organisation(const char *name, uint8_t byte) {
    ampoule_store *store = NULL;
    ampoule_options *options = NULL;
    ampoule_unlock *way = way_of(byte);
    ampoule_vault *vault = NULL;
    OK(ampoule_store_memory(&store));
    OK(ampoule_options_new(&options));
    OK(ampoule_options_set_kind(options, AMPOULE_MEMBER_KIND_ORGANISATION));
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT(name), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault, NULL));
    CLOSE(store, options, way);
    return vault;
}

static void an_organisation_vouches_and_takes_it_back(void) {
    ampoule_vault *hospital = organisation("City Hospital", 3), *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *at_clinic, *at_hospital, *contact = NULL, *certified = NULL, *through = NULL, *by = NULL;
    ampoule_buffer card, certificate, list, issuer, subject, ids;
    ampoule_contact_info info;
    bool own = true;
    introduce(clinic, hospital, &at_clinic, &at_hospital);
    OK(ampoule_vault_card(lee, &card));
    OK(ampoule_vault_add_contact(clinic, card.data, card.len, &contact));
    OK(ampoule_contact_verified_through(contact, &through));
    CHECK(through == NULL);
    GIVES(AMPOULE_STATUS_NOT_ORGANISATION,
          ampoule_vault_certify(lee, card.data, card.len, AMPOULE_TEXT("urn:directory"), AMPOULE_TEXT("lee"), 0, &certificate));
    OK(ampoule_vault_certify(hospital, card.data, card.len, AMPOULE_TEXT("urn:directory"), AMPOULE_TEXT("lee"), 4000000000000,
                             &certificate));
    GIVES(AMPOULE_STATUS_INVALID_CERTIFICATE, ampoule_vault_add_certificate(clinic, card.data, card.len, &certified));
    OK(ampoule_vault_add_certificate(clinic, certificate.data, certificate.len, &certified));
    OK(ampoule_contact_get_info(contact, &info));
    CHECK(info.verified && info.status == AMPOULE_CONTACT_STATUS_UNVERIFIED);
    OK(ampoule_contact_verified_through(contact, &through));
    REQUIRE(through != NULL);
    OK(ampoule_contact_directory_id(contact, &issuer, &subject));
    CHECK(is_text((const char *)issuer.data, issuer.len, "urn:directory") && is_text((const char *)subject.data, subject.len, "lee"));
    OK(ampoule_buffer_free(&issuer));
    OK(ampoule_buffer_free(&subject));
    OK(ampoule_vault_withdraw(hospital, certificate.data, certificate.len, &list));
    OK(ampoule_buffer_free(&list));
    OK(ampoule_vault_withdrawals(hospital, &list));
    OK(ampoule_vault_add_withdrawals(clinic, list.data, list.len, &by));
    OK(ampoule_contact_get_info(contact, &info));
    CHECK(!info.verified);
    OK(ampoule_contact_directory_id(contact, &issuer, &subject));
    CHECK(issuer.len == 0 && subject.len == 0);
    OK(ampoule_buffer_free(&issuer));
    OK(ampoule_buffer_free(&subject));
    OK(ampoule_buffer_free(&list));
    OK(ampoule_buffer_free(&card));
    OK(ampoule_buffer_free(&certificate));
    OK(ampoule_contact_imitates(contact, &own, &ids));
    CHECK(!own && ids.len == 0);
    OK(ampoule_buffer_free(&ids));
    {
        /* Another who calls himself as the vault's owner. */
        ampoule_vault *imitator = vault_of("Riverside C1inic", 7);
        ampoule_contact *imitating = NULL;
        OK(ampoule_vault_card(imitator, &card));
        OK(ampoule_vault_add_contact(clinic, card.data, card.len, &imitating));
        OK(ampoule_contact_imitates(imitating, &own, &ids));
        CHECK(own);
        OK(ampoule_buffer_free(&ids));
        OK(ampoule_buffer_free(&card));
        CLOSE(imitating, imitator);
    }
    CLOSE(by, through, certified, contact, at_clinic, at_hospital, hospital, clinic, lee);
}

static void an_auditor_reads_what_a_vault_shows(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *auditor = vault_of("Data Protection", 2);
    ampoule_contact *to, *from, *who = NULL;
    ampoule_chart *chart = NULL;
    ampoule_chart_id id;
    ampoule_audit_report *first = NULL, *second = NULL;
    ampoule_audit_info info;
    ampoule_device_id device;
    ampoule_buffer file, name;
    const char *lines = NULL;
    size_t len = 0;
    uint64_t leaves = 0;
    bool follows = false;
    introduce(clinic, auditor, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_chart_get_id(chart, &id));
    CHECK(holds(chart, put_note(chart, "Blood pressure 120/80"), "Blood pressure 120/80"));
    OK(ampoule_vault_export_audit(clinic, to, &id, &file));
    CHECK(is_nowhere(file.data, file.len, "Riverside"));
    OK(ampoule_vault_read_audit(auditor, file.data, file.len, &first));
    GIVES(AMPOULE_STATUS_INVALID_AUDIT, ampoule_vault_read_audit(auditor, file.data, file.len - 1, &second));
    OK(ampoule_buffer_free(&file));
    OK(ampoule_audit_report_get_info(first, &info));
    CHECK(memcmp(&info.chart, &id, sizeof id) == 0 && info.logs == 1 && info.time_ms > 0);
    OK(ampoule_audit_report_lines(first, &lines, &len));
    CHECK(len > 0 && !is_nowhere((const uint8_t *)lines, len, "\"write\""));
    OK(ampoule_audit_report_log(first, 0, &device, &leaves));
    CHECK(leaves > 0);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_audit_report_log(first, 1, &device, &leaves));
    OK(ampoule_audit_report_from(first, &who));
    OK(ampoule_contact_name(who, &name));
    CHECK(is_text((const char *)name.data, name.len, "Riverside Clinic"));
    OK(ampoule_buffer_free(&name));
    (void)put_note(chart, "No allergies");
    OK(ampoule_vault_export_audit(clinic, to, &id, &file));
    OK(ampoule_vault_read_audit(auditor, file.data, file.len, &second));
    OK(ampoule_buffer_free(&file));
    OK(ampoule_audit_report_follows(second, first, &follows));
    CHECK(follows);
    OK(ampoule_audit_report_follows(first, second, &follows));
    CHECK(!follows);
    CLOSE(who, first, second, chart, to, from, clinic, auditor);
}

const test sharing_tests[] = {
    {"shares_are_told_one_by_one", shares_are_told_one_by_one},
    {"labels_that_are_not_sent_are_told", labels_that_are_not_sent_are_told},
    {"what_came_late_is_kept_apart_and_adopted", what_came_late_is_kept_apart_and_adopted},
    {"a_chart_without_a_fork_has_no_histories", a_chart_without_a_fork_has_no_histories},
    {"an_organisation_vouches_and_takes_it_back", an_organisation_vouches_and_takes_it_back},
    {"an_auditor_reads_what_a_vault_shows", an_auditor_reads_what_a_vault_shows},
    {NULL, NULL},
};
