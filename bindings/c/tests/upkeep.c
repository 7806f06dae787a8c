/* What a vault is kept up by: devices, ways in, verifying in detail, the directory of patients, witnesses, what is due. */
#include "harness.h"

#include <sqlite3.h>

static int is_text(const char *text, size_t len, const char *should) {
    return len == strlen(should) && memcmp(text, should, len) == 0;
}

static bool count_told(void *ctx, uint64_t done) {
    *(uint64_t *)ctx = done;
    return true;
}

static bool stop_at_once(void *ctx, uint64_t done) {
    *(uint64_t *)ctx = done;
    return false;
}

static void what_is_damaged_is_named(void) {
    static char path[4096];
    ampoule_store *store = NULL;
    ampoule_vault *vault;
    ampoule_chart *chart = NULL;
    ampoule_chart_id id;
    ampoule_entry_id entry;
    ampoule_findings *findings = NULL;
    ampoule_finding finding;
    ampoule_report report;
    ampoule_unlock *way = way_of(1);
    uint64_t told = 0;
    size_t count = 0, i, named = 0;
    sqlite3 *db = NULL;
    sqlite3_stmt *first = NULL;
    sqlite3_blob *value = NULL;
    uint8_t byte = 0;
    strcpy(path, fresh_path("damaged.db"));
    OK(ampoule_store_sqlite(AMPOULE_TEXT(path), &store));
    vault = vault_in(store, "Dr. Lee", 1);
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_chart_get_id(chart, &id));
    entry = put_note(chart, "Blood pressure 120/80");
    (void)put_note(chart, "No allergies");
    OK(ampoule_vault_verify_in_detail(vault, count_told, &told, NULL, &findings));
    OK(ampoule_findings_count(findings, &count));
    CHECK(count == 0 && told == 2);
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_vault_verify_in_detail(vault, stop_at_once, &told, NULL, &findings));
    CHECK(told == 1);
    CLOSE(findings, chart, vault, store);
    /* A byte of the first entry is another. */
    REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
    REQUIRE(sqlite3_prepare_v2(db, "SELECT place FROM journal WHERE chart IS NOT NULL ORDER BY place LIMIT 1", -1, &first, NULL) ==
            SQLITE_OK);
    REQUIRE(sqlite3_step(first) == SQLITE_ROW);
    REQUIRE(sqlite3_blob_open(db, "main", "journal", "value", sqlite3_column_int64(first, 0), 1, &value) == SQLITE_OK);
    CHECK(sqlite3_finalize(first) == SQLITE_OK);
    CHECK(sqlite3_blob_read(value, &byte, 1, sqlite3_blob_bytes(value) / 2) == SQLITE_OK);
    byte ^= 1;
    CHECK(sqlite3_blob_write(value, &byte, 1, sqlite3_blob_bytes(value) / 2) == SQLITE_OK);
    CHECK(sqlite3_blob_close(value) == SQLITE_OK && sqlite3_close(db) == SQLITE_OK);
    OK(ampoule_store_sqlite(AMPOULE_TEXT(path), &store));
    OK(ampoule_vault_open(store, NULL, way, &vault));
    OK(ampoule_vault_verify_in_detail(vault, NULL, NULL, &report, &findings));
    OK(ampoule_findings_count(findings, &count));
    CHECK(count > 0 && report.findings == count);
    for (i = 0; i < count; i++) {
        OK(ampoule_findings_at(findings, i, &finding));
        CHECK(memcmp(&finding.chart, &id, sizeof id) == 0);
        if (finding.kind == AMPOULE_FINDING_KIND_ENTRY && memcmp(&finding.entry, &entry, sizeof entry) == 0) named++;
    }
    CHECK(named == 1);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_findings_at(findings, count, &finding));
    CLOSE(findings, vault, store, way);
}

static void a_second_device_comes_and_goes(void) {
    ampoule_store *store = NULL;
    ampoule_vault *vault, *other = NULL;
    ampoule_unlock *way = way_of(2), *both = way_of(3);
    ampoule_devices *devices = NULL;
    ampoule_device_info info;
    ampoule_device_id id, renewed;
    ampoule_way_id way_id;
    ampoule_way_info way_info;
    const char *reason = NULL;
    size_t count = 0, len = 0, i;
    uint32_t format = 0;
    OK(ampoule_store_memory(&store));
    vault = vault_in(store, "Dr. Lee", 1);
    OK(ampoule_vault_add_device(vault, way, &id));
    OK(ampoule_vault_devices(vault, false, &devices));
    OK(ampoule_devices_count(devices, &count));
    CHECK(count == 2);
    for (i = 0; i < count; i++) {
        OK(ampoule_devices_at(devices, i, &info, &reason, &len));
        CHECK(info.here != (memcmp(&info.id, &id, sizeof id) == 0) && !info.retired && len == 0 && info.highest_format > 0);
    }
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_devices_at(devices, 2, &info, &reason, &len));
    CLOSE(devices);
    OK(ampoule_vault_open(store, NULL, way, &other));
    CLOSE(other);
    OK(ampoule_vault_retire_device(vault, &id, AMPOULE_TEXT("left on a train")));
    GIVES(AMPOULE_STATUS_UNKNOWN_DEVICE, ampoule_vault_retire_device(vault, &id, AMPOULE_TEXT("again")));
    GIVES(AMPOULE_STATUS_WAY_FAILED, ampoule_vault_open(store, NULL, way, &other));
    OK(ampoule_vault_devices(vault, true, &devices));
    OK(ampoule_devices_at(devices, 0, &info, &reason, &len));
    CHECK(info.retired && info.retired_ms > 0 && is_text(reason, len, "left on a train") && info.lowest_format == 0);
    CLOSE(devices);
    OK(ampoule_vault_renew_device(vault, AMPOULE_TEXT("a copy was made"), &renewed));
    CHECK(memcmp(&renewed, &id, sizeof id) != 0);
    OK(ampoule_unlock_add_passphrase(both, AMPOULE_TEXT("correct horse battery staple")));
    OK(ampoule_vault_add_way(vault, both, &way_id));
    OK(ampoule_vault_way_info(vault, &way_id, &way_info));
    CHECK(way_info.device_key && way_info.passphrase && !way_info.recovery_code && !way_info.newer && way_info.added_ms > 0);
    CHECK(memcmp(&way_info.device, &renewed, sizeof renewed) == 0);
    memset(&way_id, 0, sizeof way_id);
    GIVES(AMPOULE_STATUS_UNKNOWN_WAY, ampoule_vault_way_info(vault, &way_id, &way_info));
    OK(ampoule_vault_format(vault, &format));
    CHECK(format > 0);
    OK(ampoule_vault_left_behind(vault, format, &devices));
    OK(ampoule_devices_count(devices, &count));
    CHECK(count == 0);
    CLOSE(devices);
    OK(ampoule_vault_left_behind(vault, format + 1, &devices));
    OK(ampoule_devices_count(devices, &count));
    CHECK(count == 1);
    CHECK(ampoule_vault_raise_format(vault, format + 1) != AMPOULE_STATUS_OK);
    CLOSE(devices, way, both, vault, store);
}

static void patients_are_found(void) {
    static const char fhir[] = "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"Ana\"],\"family\":\"Silva\"}],"
                               "\"birthDate\":\"1980-04-01\"}";
    ampoule_vault *vault = vault_of("Riverside Clinic", 1);
    ampoule_chart *chart = NULL;
    ampoule_chart_id id, found_id;
    ampoule_patient *born = NULL, *named = NULL, *patient = NULL, *found = NULL;
    ampoule_patients *patients = NULL;
    const char *text = NULL, *system = NULL;
    size_t count = 0, len = 0, system_len = 0;
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_chart_get_id(chart, &id));
    OK(ampoule_chart_patient(chart, &found));
    CHECK(found == NULL);
    OK(ampoule_patient_new(AMPOULE_TEXT("1980-04-01"), &born));
    OK(ampoule_patient_with_name(born, AMPOULE_TEXT("Ana Silva"), &named));
    OK(ampoule_patient_with_identifier(named, AMPOULE_TEXT("urn:mrn"), AMPOULE_TEXT("4711"), &patient));
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_patient_name(born, 0, &text, &len));
    OK(ampoule_chart_describe(chart, patient));
    OK(ampoule_chart_patient(chart, &found));
    REQUIRE(found != NULL);
    OK(ampoule_patient_name(found, 0, &text, &len));
    CHECK(is_text(text, len, "Ana Silva"));
    OK(ampoule_patient_birth_date(found, &text, &len));
    CHECK(is_text(text, len, "1980-04-01"));
    OK(ampoule_patient_identifier(found, 0, &system, &system_len, &text, &len));
    CHECK(is_text(system, system_len, "urn:mrn") && is_text(text, len, "4711"));
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_patient_identifier(found, 1, &system, &system_len, &text, &len));
    CLOSE(found);
    OK(ampoule_vault_find_patients(vault, AMPOULE_TEXT("sil"), NULL, 0, &patients));
    OK(ampoule_patients_count(patients, &count));
    REQUIRE(count == 1);
    OK(ampoule_patients_at(patients, 0, &found_id, &found));
    CHECK(memcmp(&found_id, &id, sizeof id) == 0);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_patients_at(patients, 1, &found_id, &found));
    CLOSE(found, patients);
    OK(ampoule_vault_find_patients(vault, NULL, 0, AMPOULE_TEXT("1981"), &patients));
    OK(ampoule_patients_count(patients, &count));
    CHECK(count == 0);
    CLOSE(patients);
    OK(ampoule_vault_find_identifier(vault, NULL, 0, AMPOULE_TEXT("4711"), NULL, 0, &patients));
    OK(ampoule_patients_count(patients, &count));
    CHECK(count == 1);
    CLOSE(patients);
    OK(ampoule_vault_find_identifier(vault, AMPOULE_TEXT("urn:other"), AMPOULE_TEXT("4711"), NULL, 0, &patients));
    OK(ampoule_patients_count(patients, &count));
    CHECK(count == 0);
    CLOSE(patients, patient);
    OK(ampoule_patient_of_fhir((const uint8_t *)fhir, sizeof fhir - 1, &patient));
    OK(ampoule_chart_describe(chart, patient));
    OK(ampoule_vault_find_patients(vault, AMPOULE_TEXT("ana"), AMPOULE_TEXT("1980-04"), &patients));
    OK(ampoule_patients_count(patients, &count));
    CHECK(count == 1);
    CLOSE(patients, patient);
    GIVES(AMPOULE_STATUS_NOT_FHIR, ampoule_patient_of_fhir((const uint8_t *)"{}", 2, &patient));
    OK(ampoule_chart_forget_patient(chart));
    OK(ampoule_chart_patient(chart, &found));
    CHECK(found == NULL);
    CLOSE(born, named, chart, vault);
}

static void a_witness_is_held_against_the_store(void) {
    /* The base point of Ed25519: a key that nobody signed with here. */
    static const uint8_t key[32] = {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66};
    static const uint8_t no_key[32] = {0};
    ampoule_vault *vault = vault_of("Dr. Lee", 1), *other = vault_of("Dr. Who", 2);
    ampoule_buffer checkpoint;
    bool is_signed = true;
    uint64_t seen = 9;
    OK(ampoule_vault_checkpoint(vault, &checkpoint));
    OK(ampoule_vault_witnessed(vault, checkpoint.data, checkpoint.len, AMPOULE_TEXT("witness.example"), key, sizeof key, &is_signed,
                               &seen));
    CHECK(!is_signed && seen == 0);
    GIVES(AMPOULE_STATUS_WRONG_CHECKPOINT, ampoule_vault_witnessed(other, checkpoint.data, checkpoint.len, AMPOULE_TEXT("w"), key,
                                                                   sizeof key, &is_signed, &seen));
    GIVES(AMPOULE_STATUS_WRONG_CHECKPOINT,
          ampoule_vault_witnessed(vault, key, sizeof key, AMPOULE_TEXT("w"), key, sizeof key, &is_signed, &seen));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_vault_witnessed(vault, checkpoint.data, checkpoint.len, AMPOULE_TEXT("w"), key,
                                                                 31, &is_signed, &seen));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_vault_witnessed(vault, checkpoint.data, checkpoint.len, AMPOULE_TEXT("w"), no_key,
                                                                sizeof no_key, &is_signed, &seen));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_vault_witnessed(vault, checkpoint.data, checkpoint.len, AMPOULE_TEXT("two words"),
                                                                key, sizeof key, &is_signed, &seen));
    OK(ampoule_buffer_free(&checkpoint));
    CLOSE(vault, other);
}

static int64_t now_ms = 1800000000000;
static int64_t now(void *ctx) {
    (void)ctx;
    return now_ms;
}

static void what_is_due_is_told_and_done(void) {
    ampoule_vault *lee = vault_of("Dr. Lee", 2), *clinic = NULL;
    ampoule_store *store = NULL;
    ampoule_options *options = NULL;
    ampoule_unlock *way = way_of(1);
    ampoule_contact *to, *from;
    ampoule_chart *chart = NULL;
    ampoule_grant *grant = NULL;
    ampoule_dues *dues = NULL;
    ampoule_due due;
    size_t count = 0;
    OK(ampoule_store_memory(&store));
    OK(ampoule_options_new(&options));
    OK(ampoule_options_set_clock(options, now, NULL, NULL));
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT("Clinic"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &clinic,
                            NULL));
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_grant_set_until(grant, now_ms + 1000));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_vault_maintenance(clinic, &dues));
    OK(ampoule_dues_count(dues, &count));
    CHECK(count == 0);
    CLOSE(dues);
    now_ms += 2000;
    OK(ampoule_vault_maintenance(clinic, &dues));
    OK(ampoule_dues_count(dues, &count));
    REQUIRE(count == 1);
    OK(ampoule_dues_at(dues, 0, &due));
    CHECK(due.kind == AMPOULE_DUE_KIND_ENDED_GRANTS && due.number == 1);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_dues_at(dues, 1, &due));
    OK(ampoule_vault_run_maintenance(clinic, &count));
    CHECK(count == 1);
    CLOSE(dues, grant, chart, to, from, clinic, lee, store, options, way);
}

static void labels_of_ones_own_found_a_chart(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_buffer labels;
    ampoule_matches *matches = NULL;
    size_t count = 9;
    const char *eight = "general\nrestricted\none\ntwo\nthree\nfour\nfive\nsix";
    GIVES(AMPOULE_STATUS_UNKNOWN_LABEL, ampoule_vault_create_chart_with(vault, AMPOULE_TEXT("general\nrestricted"), &chart));
    GIVES(AMPOULE_STATUS_INVALID_LABEL, ampoule_vault_create_chart_with(vault, AMPOULE_TEXT("No Label"), &chart));
    OK(ampoule_vault_create_chart_with(vault, AMPOULE_TEXT(eight), &chart));
    OK(ampoule_chart_labels(chart, &labels));
    CHECK(!is_nowhere(labels.data, labels.len, "three"));
    OK(ampoule_buffer_free(&labels));
    (void)put_note(chart, "note");
    OK(ampoule_chart_list_kind(chart, AMPOULE_KIND_FILE, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 0);
    CLOSE(matches);
    OK(ampoule_chart_list_kind(chart, AMPOULE_KIND_RECORD, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 1);
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_chart_list_kind(chart, 9, &matches));
    CLOSE(matches, chart, vault);
}

const test upkeep_tests[] = {
    {"what_is_damaged_is_named", what_is_damaged_is_named},
    {"a_second_device_comes_and_goes", a_second_device_comes_and_goes},
    {"patients_are_found", patients_are_found},
    {"a_witness_is_held_against_the_store", a_witness_is_held_against_the_store},
    {"what_is_due_is_told_and_done", what_is_due_is_told_and_done},
    {"labels_of_ones_own_found_a_chart", labels_of_ones_own_found_a_chart},
    {NULL, NULL},
};
