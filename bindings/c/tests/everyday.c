/* What an application does every day. */
#include "harness.h"

static void the_header_fits_the_library(void) {
    CHECK(strcmp(ampoule_version(), AMPOULE_VERSION) == 0);
    CHECK(AMPOULE_VERSION_NUMBER ==
          AMPOULE_VERSION_MAJOR * 1000000 + AMPOULE_VERSION_MINOR * 1000 + AMPOULE_VERSION_PATCH);
}

static void a_vault_in_a_file_opens_again(void) {
    const char *path = fresh_path("again.db");
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL, *again = NULL;
    ampoule_chart *chart = NULL, *same = NULL;
    ampoule_chart_id id;
    ampoule_entry_id entry;
    ampoule_unlock *way = way_of(7), *wrong = way_of(8);
    ampoule_buffer ids;
    OK(ampoule_store_sqlite(AMPOULE_TEXT(path), &store));
    vault = vault_in(store, "Riverside Clinic", 7);
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_chart_get_id(chart, &id));
    entry = put_note(chart, "Blood pressure 120/80");
    CLOSE(chart, vault, store);

    OK(ampoule_store_sqlite(AMPOULE_TEXT(path), &store));
    GIVES(AMPOULE_STATUS_WAY_FAILED, ampoule_vault_open(store, NULL, wrong, &again));
    CHECK(again == NULL);
    OK(ampoule_vault_open(store, NULL, way, &again));
    OK(ampoule_vault_charts(again, &ids));
    CHECK(ids.len == sizeof id && memcmp(ids.data, id.bytes, sizeof id) == 0);
    OK(ampoule_buffer_free(&ids));
    OK(ampoule_vault_chart(again, &id, &same));
    CHECK(holds(same, entry, "Blood pressure 120/80"));
    CLOSE(same, again, store, way, wrong);
}

static void ways_in_are_a_passphrase_and_a_recovery_code(void) {
    const char passphrase[] = "ruby mango 47 tractor";
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL, *again = NULL;
    ampoule_unlock *way = NULL, *code = NULL, *more = way_of(9);
    ampoule_way_id added;
    ampoule_buffer words, ways;
    OK(ampoule_store_memory(&store));
    OK(ampoule_unlock_new(&way));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_vault_open(store, NULL, way, &vault));
    OK(ampoule_unlock_add_passphrase(way, AMPOULE_TEXT(passphrase)));
    OK(ampoule_vault_create(store, NULL, AMPOULE_TEXT("Dr. Lee"), way, AMPOULE_RECOVERY_CODE, NULL, &vault, &words));
    OK(ampoule_vault_add_way(vault, more, &added));
    OK(ampoule_vault_ways(vault, &ways));
    CHECK(ways.len == 3 * sizeof added);
    OK(ampoule_buffer_free(&ways));
    OK(ampoule_vault_remove_way(vault, &added));
    GIVES(AMPOULE_STATUS_WAY_FAILED, ampoule_vault_open(store, NULL, more, &again));
    CLOSE(vault);

    OK(ampoule_unlock_new(&code));
    OK(ampoule_unlock_add_recovery_words(code, (const char *)words.data, words.len));
    OK(ampoule_vault_open(store, NULL, code, &again));
    CLOSE(again);
    OK(ampoule_vault_open(store, NULL, way, &again));
    OK(ampoule_buffer_free(&words));
    CLOSE(again, code, way, more, store);
}

static void a_record_is_found_changed_and_deleted(void) {
    ampoule_vault *vault = vault_of("Riverside Clinic", 1);
    ampoule_chart *chart = NULL;
    ampoule_query *query = NULL;
    ampoule_matches *matches = NULL;
    ampoule_history *history = NULL;
    ampoule_entry *entry = NULL;
    ampoule_record *record = note("HbA1c 6.1"), *next = note("HbA1c 5.9");
    ampoule_entry_id id, same;
    ampoule_version_id version;
    ampoule_found found;
    ampoule_entry_info info;
    const char *text = NULL;
    size_t len = 0, count = 0;
    bool complete = false;
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_record_add_code(record, AMPOULE_TEXT("http://loinc.org"), AMPOULE_TEXT("4548-4")));
    OK(ampoule_record_add_dates(record, 1000, 2000));
    GIVES(AMPOULE_STATUS_INVALID_DATES, ampoule_record_add_dates(record, 2000, 1000));
    OK(ampoule_record_set_name(record, AMPOULE_TEXT("HbA1c")));
    OK(ampoule_chart_put_once(chart, AMPOULE_TEXT("request 1"), record, &id));
    OK(ampoule_chart_put_once(chart, AMPOULE_TEXT("request 1"), record, &same));
    CHECK(memcmp(&id, &same, sizeof id) == 0);

    OK(ampoule_query_new(AMPOULE_TEXT("Note"), &query));
    OK(ampoule_query_add_code(query, AMPOULE_TEXT("http://loinc.org"), AMPOULE_TEXT("4548-4")));
    OK(ampoule_query_set_dates(query, 1999, 3000));
    OK(ampoule_query_add_words(query, AMPOULE_TEXT("HBA1C")));
    OK(ampoule_query_add_word_prefix(query, AMPOULE_TEXT("hb")));
    OK(ampoule_chart_find(chart, query, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 1);
    OK(ampoule_matches_at(matches, 0, &found));
    CHECK(memcmp(&found.entry, &id, sizeof id) == 0 && found.kind == AMPOULE_KIND_RECORD && !found.conflict);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_matches_at(matches, 1, &found));
    OK(ampoule_matches_are_complete(matches, &complete));
    CHECK(complete);
    CLOSE(matches, query);

    OK(ampoule_chart_get(chart, &id, &entry));
    OK(ampoule_entry_name(entry, &text, &len));
    CHECK(len == 5 && memcmp(text, "HbA1c", len) == 0);
    OK(ampoule_entry_author(entry, &text, &len));
    CHECK(len == strlen("Riverside Clinic") && memcmp(text, "Riverside Clinic", len) == 0);
    OK(ampoule_entry_media_type(entry, &text, &len));
    CHECK(len == strlen("text/plain"));
    OK(ampoule_entry_get_info(entry, &info));
    CHECK(info.mine && !info.deleted && info.time_ms > 0 && info.acceptance == AMPOULE_ACCEPTANCE_USUAL);

    OK(ampoule_chart_update(chart, &id, next, &version));
    CHECK(holds(chart, id, "HbA1c 5.9"));
    OK(ampoule_chart_update_from(chart, entry, record, &version)); /* of the first version: a conflict */
    CLOSE(entry);
    OK(ampoule_chart_get(chart, &id, &entry));
    {
        ampoule_buffer conflicts;
        OK(ampoule_entry_conflicts(entry, &conflicts));
        CHECK(conflicts.len == sizeof version);
        OK(ampoule_buffer_free(&conflicts));
    }
    CLOSE(entry);
    OK(ampoule_chart_resolve(chart, &id, next, &version));
    OK(ampoule_chart_delete(chart, &id, &version));
    entry = NULL;
    GIVES(AMPOULE_STATUS_UNKNOWN_ENTRY, ampoule_chart_get(chart, &id, &entry));
    CHECK(entry == NULL);
    OK(ampoule_chart_history(chart, &id, &history));
    OK(ampoule_history_count(history, &count));
    CHECK(count == 5);
    OK(ampoule_history_at(history, 4, &entry));
    OK(ampoule_entry_get_info(entry, &info));
    CHECK(info.deleted);
    CLOSE(entry, history, record, next, chart, vault);
}

static void a_chart_is_shared_by_label_and_taken_back(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *to = NULL, *from = NULL;
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_grant *grant = NULL;
    ampoule_record *hiv = note("Negative");
    ampoule_entry_id open, closed;
    ampoule_applied applied;
    ampoule_buffer bundle, next, missing, name;
    ampoule_contact_info info;
    ampoule_entry *entry = NULL;
    ampoule_standing standing;
    size_t count = 0;
    introduce(clinic, lee, &to, &from);
    OK(ampoule_contact_get_info(to, &info));
    CHECK(info.verified && info.status == AMPOULE_CONTACT_STATUS_VERIFIED && info.kind == AMPOULE_MEMBER_KIND_PERSON);
    OK(ampoule_contact_name(to, &name));
    CHECK(strcmp((const char *)name.data, "Dr. Lee") == 0);
    OK(ampoule_buffer_free(&name));
    OK(ampoule_vault_create_chart(clinic, &chart));
    open = put_note(chart, "Blood pressure 120/80");
    OK(ampoule_record_set_label(hiv, AMPOULE_TEXT("hiv")));
    OK(ampoule_chart_put(chart, hiv, &closed));

    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_grant_add_label(grant, AMPOULE_TEXT("general")));
    OK(ampoule_grant_set_purpose(grant, AMPOULE_PURPOSE_TREAT));
    OK(ampoule_chart_share(chart, to, grant, &standing));
    CHECK(standing == AMPOULE_STANDING_COMMITTED);
    OK(ampoule_chart_share_count(chart, &count));
    CHECK(count == 2);
    OK(ampoule_chart_export(chart, to, NULL, 0, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, &next, &missing));
    CHECK(applied.added == 1 && applied.rejected == 0 && missing.len == 0);
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_buffer_free(&missing));
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    CHECK(holds(copy, open, "Blood pressure 120/80"));
    GIVES(AMPOULE_STATUS_UNKNOWN_ENTRY, ampoule_chart_get(copy, &closed, &entry));

    OK(ampoule_chart_revoke(chart, to, NULL));
    OK(ampoule_chart_export(chart, to, next.data, next.len, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, NULL));
    GIVES(AMPOULE_STATUS_GRANT_ENDED, ampoule_chart_get(copy, &open, &entry));
    CHECK(entry == NULL);
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_buffer_free(&next));
    CLOSE(hiv, grant, copy, chart, to, from, clinic, lee);
}

static void a_service_says_for_whom_it_acts(void) {
    ampoule_vault *vault = vault_of("Riverside EHR", 1), *acting = NULL;
    ampoule_chart *chart = NULL;
    ampoule_entry_id id;
    ampoule_entry *entry = NULL;
    ampoule_buffer lines;
    const char *subject = NULL;
    size_t len = 0;
    OK(ampoule_vault_acting_for(vault, AMPOULE_TEXT("https://riverside.example/staff"), AMPOULE_TEXT("nurse-17"),
                                AMPOULE_TEXT("session-1"), AMPOULE_TEXT("TREAT"), &acting));
    OK(ampoule_vault_create_chart(acting, &chart));
    id = put_note(chart, "Temperature 37.2");
    OK(ampoule_chart_get(chart, &id, &entry));
    OK(ampoule_entry_actor_subject(entry, &subject, &len));
    CHECK(len == 8 && memcmp(subject, "nurse-17", len) == 0);
    OK(ampoule_vault_audit(vault, &lines));
    CHECK(strstr((const char *)lines.data, "\"nurse-17\"") != NULL);
    CHECK(strstr((const char *)lines.data, "Temperature") == NULL);
    OK(ampoule_buffer_free(&lines));
    CLOSE(entry, chart, acting, vault);
}

static void a_locked_vault_opens_again_and_its_handles_with_it(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_unlock *way = way_of(1);
    ampoule_chart *chart = NULL;
    ampoule_entry *entry = NULL;
    ampoule_entry_id id;
    bool locked = false;
    OK(ampoule_vault_create_chart(vault, &chart));
    id = put_note(chart, "note");
    OK(ampoule_vault_lock(vault));
    OK(ampoule_vault_is_locked(vault, &locked));
    CHECK(locked);
    GIVES(AMPOULE_STATUS_LOCKED, ampoule_chart_get(chart, &id, &entry));
    OK(ampoule_vault_unlock(vault, way));
    CHECK(holds(chart, id, "note"));
    CLOSE(chart, vault, way);
}

static void a_checkpoint_that_is_kept_elsewhere_anchors_the_vault(void) {
    const char *path = fresh_path("checkpoint");
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL;
    ampoule_options *options = NULL;
    ampoule_unlock *way = way_of(1);
    ampoule_freshness freshness;
    ampoule_report report;
    ampoule_chart *chart = NULL;
    size_t done = 1;
    OK(ampoule_options_new(&options));
    OK(ampoule_options_set_checkpoint_file(options, AMPOULE_TEXT(path)));
    OK(ampoule_options_set_kind(options, AMPOULE_MEMBER_KIND_SERVICE));
    OK(ampoule_options_set_suite(options, AMPOULE_SUITE_CHA_CHA20_POLY1305));
    OK(ampoule_options_also_accept(options, AMPOULE_SUITE_AES256_GCM));
    OK(ampoule_options_set_audit(options, AMPOULE_AUDIT_STRICT));
    OK(ampoule_options_set_receipts(options, AMPOULE_RECEIPTS_OFF));
    OK(ampoule_options_set_threads(options, 1));
    OK(ampoule_options_set_idle_lock(options, 3600000));
    OK(ampoule_store_memory(&store));
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT("Riverside EHR"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST,
                            NULL, &vault, NULL));
    OK(ampoule_vault_create_chart(vault, &chart));
    put_note(chart, "note");
    OK(ampoule_vault_lock(vault));
    OK(ampoule_vault_unlock(vault, way));
    OK(ampoule_vault_freshness(vault, &freshness));
    CHECK(freshness == AMPOULE_FRESHNESS_ANCHORED);
    OK(ampoule_vault_verify(vault, &report));
    CHECK(report.charts == 1 && report.versions == 1 && report.findings == 0);
    OK(ampoule_vault_run_maintenance(vault, &done));
    CHECK(done == 0);
    GIVES(AMPOULE_STATUS_NOT_RESTORED, ampoule_vault_adopt_restored(vault, AMPOULE_TEXT("a drill")));
    CLOSE(chart, vault);

    /* Another, empty store under the same checkpoint. */
    {
        ampoule_store *other = NULL;
        OK(ampoule_store_memory(&other));
        GIVES(AMPOULE_STATUS_NO_VAULT, ampoule_vault_open(other, options, way, &vault));
        CLOSE(other);
    }
    CLOSE(store, options, way);
}

static void a_vault_is_opened_twice_and_both_see_what_is_written(void) {
    const char *path = fresh_path("twice.db");
    ampoule_store *one = NULL, *two = NULL;
    ampoule_vault *first, *second = NULL;
    ampoule_chart *here = NULL, *there = NULL;
    ampoule_chart_id id;
    ampoule_entry_id entry;
    ampoule_unlock *way = way_of(3);
    int i;
    OK(ampoule_store_sqlite(AMPOULE_TEXT(path), &one));
    OK(ampoule_store_sqlite(AMPOULE_TEXT(path), &two));
    first = vault_in(one, "Dr. Lee", 3);
    GIVES(AMPOULE_STATUS_VAULT_EXISTS,
          ampoule_vault_create(two, NULL, AMPOULE_TEXT("Dr. Lee"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL,
                               &second, NULL));
    OK(ampoule_vault_open(two, NULL, way, &second));
    OK(ampoule_vault_create_chart(first, &here));
    OK(ampoule_chart_get_id(here, &id));
    OK(ampoule_vault_chart(second, &id, &there));
    for (i = 0; i < 4; i++) {
        entry = put_note(i % 2 ? here : there, "written by one");
        CHECK(holds(i % 2 ? there : here, entry, "written by one"));
    }
    CLOSE(here, there, first, second, one, two, way);
}

const test everyday_tests[] = {
    {"the_header_fits_the_library", the_header_fits_the_library},
    {"a_vault_in_a_file_opens_again", a_vault_in_a_file_opens_again},
    {"ways_in_are_a_passphrase_and_a_recovery_code", ways_in_are_a_passphrase_and_a_recovery_code},
    {"a_record_is_found_changed_and_deleted", a_record_is_found_changed_and_deleted},
    {"a_chart_is_shared_by_label_and_taken_back", a_chart_is_shared_by_label_and_taken_back},
    {"a_service_says_for_whom_it_acts", a_service_says_for_whom_it_acts},
    {"a_locked_vault_opens_again_and_its_handles_with_it", a_locked_vault_opens_again_and_its_handles_with_it},
    {"a_checkpoint_that_is_kept_elsewhere_anchors_the_vault", a_checkpoint_that_is_kept_elsewhere_anchors_the_vault},
    {"a_vault_is_opened_twice_and_both_see_what_is_written", a_vault_is_opened_twice_and_both_see_what_is_written},
    {NULL, NULL},
};
