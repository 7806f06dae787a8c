/* What a caller does wrong: each is a status, and nothing is written. */
#include "harness.h"

static void h56_null_is_a_status(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_entry_id id;
    ampoule_record *record = note("note");
    ampoule_matches *matches = NULL;
    size_t count = 0;
    OK(ampoule_vault_create_chart(vault, &chart));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_store_memory(NULL));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_vault_create_chart(NULL, &chart));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_vault_create_chart(vault, NULL));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_put(chart, NULL, &id));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_put(NULL, record, &id));
    /* Where the result cannot be written, nothing is done either. */
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_put(chart, record, NULL));
    OK(ampoule_chart_list(chart, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 0);
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_get(chart, NULL, NULL));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_record_set_name(record, NULL, 4));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_vault_import(vault, NULL, 9, NULL, NULL, NULL));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_buffer_free(NULL));
    OK(ampoule_close(NULL));
    CLOSE(matches, record, chart, vault);
}

static void h56_a_recovery_code_that_could_not_be_returned_is_not_drawn(void) {
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL;
    ampoule_unlock *way = way_of(1);
    OK(ampoule_store_memory(&store));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_vault_create(store, NULL, AMPOULE_TEXT("Dr. Lee"), way,
                                                             AMPOULE_RECOVERY_CODE, NULL, &vault, NULL));
    GIVES(AMPOULE_STATUS_NO_VAULT, ampoule_vault_open(store, NULL, way, &vault));
    GIVES(AMPOULE_STATUS_INVALID_VALUE,
          ampoule_vault_create(store, NULL, AMPOULE_TEXT("Dr. Lee"), way, 9, NULL, &vault, NULL));
    GIVES(AMPOULE_STATUS_SECOND_WAY_MISSING, ampoule_vault_create(store, NULL, AMPOULE_TEXT("Dr. Lee"), way,
                                                                  AMPOULE_RECOVERY_ALSO, way, &vault, NULL));
    CHECK(vault == NULL);
    CLOSE(store, way);
}

static void h56_lengths_are_checked(void) {
    const uint8_t key[33] = {0};
    ampoule_unlock *way = NULL;
    ampoule_record *record = NULL;
    ampoule_entry *entry = NULL;
    ampoule_entry_id id;
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    const uint8_t *content = NULL;
    size_t len = 1;
    OK(ampoule_unlock_new(&way));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_unlock_add_device_key(way, key, 0));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_unlock_add_device_key(way, NULL, 0));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_unlock_add_device_key(way, key, 31));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_unlock_add_device_key(way, key, 33));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_record_new(AMPOULE_TEXT("a/b"), key, SIZE_MAX, &record));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_record_new(AMPOULE_TEXT("a/b"), key, SIZE_MAX / 2 + 1, &record));
    CHECK(record == NULL);
    /* Nothing at all is a record like any other. */
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), NULL, 0, &record));
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_chart_put(chart, record, &id));
    OK(ampoule_chart_get(chart, &id, &entry));
    OK(ampoule_entry_content(entry, &content, &len));
    CHECK(len == 0);
    CLOSE(entry, record, chart, vault, way);
}

static void h56_text_that_is_not_utf8_is_refused(void) {
    static const char *const bad[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80"};
    ampoule_record *record = note("note");
    ampoule_contact *contact = NULL;
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    const char unterminated[4] = {'N', 'o', 't', 'e'};
    size_t i;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        GIVES(AMPOULE_STATUS_INVALID_TEXT, ampoule_record_set_name(record, AMPOULE_TEXT(bad[i])));
    }
    GIVES(AMPOULE_STATUS_INVALID_TEXT, ampoule_record_set_name(record, "two\0names", 9));
    OK(ampoule_record_set_name(record, unterminated, sizeof unterminated));
    GIVES(AMPOULE_STATUS_INVALID_LABEL, ampoule_record_set_label(record, AMPOULE_TEXT("No Label")));
    GIVES(AMPOULE_STATUS_INVALID_CARD, ampoule_vault_add_contact(vault, (const uint8_t *)"card", 4, &contact));
    CHECK(contact == NULL);
    CLOSE(record, vault);
}

static void h56_a_closed_handle_is_a_status(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL, *other = NULL;
    ampoule_record *record = note("note");
    ampoule_entry_id id;
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_close(chart));
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_close(chart));
    /* The place is used again, by another chart: the old handle is not a handle of that. */
    OK(ampoule_vault_create_chart(vault, &other));
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_chart_put(chart, record, &id));
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_close(chart));
    OK(ampoule_chart_put(other, record, &id));
    CHECK(holds(other, id, "note"));
    CLOSE(record, other, vault);
}

static void h56_a_handle_of_another_kind_is_a_status(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_entry_id id;
    int here = 0;
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_vault_create_chart((ampoule_vault *)&here, &chart));
    memset(&id, 0, sizeof id);
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_chart_delete((ampoule_chart *)vault, &id, (ampoule_version_id *)&id));
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_close(&here));
    CHECK(chart == NULL);
    CLOSE(vault);
}

static void h56_a_buffer_is_freed_once(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_buffer card, copy, none;
    memset(&none, 0, sizeof none);
    OK(ampoule_vault_card(vault, &card));
    CHECK(card.len > 0 && card.data[card.len] == 0);
    copy = card;
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_close(card.owner));
    OK(ampoule_buffer_free(&card));
    CHECK(card.data == NULL && card.len == 0 && card.owner == NULL);
    OK(ampoule_buffer_free(&card));
    OK(ampoule_buffer_free(&none));
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_buffer_free(&copy));
    copy.owner = vault;
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_buffer_free(&copy));
    CLOSE(vault);
}

static void nothing_is_written_on_failure(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1), *locked = vault_of("Dr. Who", 2);
    ampoule_chart *chart = NULL;
    ampoule_buffer buffer;
    ampoule_applied applied;
    ampoule_entry *entry = (ampoule_entry *)1;
    ampoule_entry_id id;
    unsigned char before[sizeof applied];
    memset(&buffer, 0xa5, sizeof buffer);
    memset(&applied, 0xa5, sizeof applied);
    memset(&id, 0xa5, sizeof id);
    memset(before, 0xa5, sizeof before);
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_vault_lock(locked));
    GIVES(AMPOULE_STATUS_LOCKED, ampoule_vault_card(locked, &buffer));
    CHECK(memcmp(&buffer, before, sizeof buffer) == 0);
    GIVES(AMPOULE_STATUS_DAMAGED_BUNDLE, ampoule_vault_import(vault, before, sizeof before, &applied, &buffer, &buffer));
    CHECK(memcmp(&applied, before, sizeof applied) == 0 && memcmp(&buffer, before, sizeof buffer) == 0);
    GIVES(AMPOULE_STATUS_UNKNOWN_ENTRY, ampoule_chart_get(chart, &id, &entry));
    CHECK(entry == (ampoule_entry *)1);
    CLOSE(chart, vault, locked);
}

static void g49_a_failed_opening_says_nothing_of_why(void) {
    ampoule_store *store = NULL;
    ampoule_vault *vault, *none = NULL;
    ampoule_unlock *wrong = way_of(2), *passphrase = NULL;
    ampoule_entry_id id;
    ampoule_chart *chart = NULL;
    char text[512];
    size_t needed = 0, i;
    static const char *const secrets[] = {"Dr. Lee", "Blood", "ruby mango 47 tractor"};
    OK(ampoule_store_memory(&store));
    vault = vault_in(store, "Dr. Lee", 1);
    OK(ampoule_vault_create_chart(vault, &chart));
    id = put_note(chart, "Blood pressure 120/80");
    CHECK(holds(chart, id, "Blood pressure 120/80"));
    OK(ampoule_unlock_new(&passphrase));
    OK(ampoule_unlock_add_passphrase(passphrase, AMPOULE_TEXT("ruby mango 47 tractor")));
    /* Another key, and a way that the vault does not have: one answer. */
    GIVES(AMPOULE_STATUS_WAY_FAILED, ampoule_vault_open(store, NULL, wrong, &none));
    GIVES(AMPOULE_STATUS_WAY_FAILED, ampoule_vault_open(store, NULL, passphrase, &none));
    OK(ampoule_status_message(AMPOULE_STATUS_WAY_FAILED, text, sizeof text, &needed));
    for (i = 0; i < sizeof secrets / sizeof secrets[0]; i++) CHECK(strstr(text, secrets[i]) == NULL);
    CLOSE(passphrase, wrong, chart, vault, store);
}

static void g50_messages_are_fixed_texts(void) {
    char text[512], small[4] = "abc";
    size_t needed = 0, exact;
    uint32_t status, known = 0;
    for (status = 0; status < 400; status++) {
        if (ampoule_status_message(status, NULL, 0, &needed) != AMPOULE_STATUS_OK) continue;
        known++;
        exact = needed;
        REQUIRE(exact > 5 && exact <= sizeof text);
        OK(ampoule_status_message(status, text, exact, &needed));
        CHECK(strlen(text) + 1 == exact);
        /* No number of an incident, no address, no name: nothing of what was being done. */
        CHECK(strstr(text, "0x") == NULL && strstr(text, "/home") == NULL && strchr(text, '{') == NULL);
    }
    CHECK(known > 90);
    GIVES(AMPOULE_STATUS_TOO_SMALL, ampoule_status_message(AMPOULE_STATUS_LOCKED, small, sizeof small, &needed));
    CHECK(needed > sizeof small && strcmp(small, "abc") == 0);
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_status_message(99, text, sizeof text, &needed));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_status_message(0, text, sizeof text, NULL));
}

static void numbers_that_stand_for_nothing_are_refused(void) {
    ampoule_options *options = NULL;
    ampoule_grant *grant = NULL;
    OK(ampoule_options_new(&options));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_options_set_kind(options, 0));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_options_set_suite(options, 3));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_options_set_threads(options, 0));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_grant_new(4, &grant));
    CHECK(grant == NULL);
    CLOSE(options);
}

const test misuse_tests[] = {
    {"h56_null_is_a_status", h56_null_is_a_status},
    {"h56_a_recovery_code_that_could_not_be_returned_is_not_drawn",
     h56_a_recovery_code_that_could_not_be_returned_is_not_drawn},
    {"h56_lengths_are_checked", h56_lengths_are_checked},
    {"h56_text_that_is_not_utf8_is_refused", h56_text_that_is_not_utf8_is_refused},
    {"h56_a_closed_handle_is_a_status", h56_a_closed_handle_is_a_status},
    {"h56_a_handle_of_another_kind_is_a_status", h56_a_handle_of_another_kind_is_a_status},
    {"h56_a_buffer_is_freed_once", h56_a_buffer_is_freed_once},
    {"nothing_is_written_on_failure", nothing_is_written_on_failure},
    {"g49_a_failed_opening_says_nothing_of_why", g49_a_failed_opening_says_nothing_of_why},
    {"g50_messages_are_fixed_texts", g50_messages_are_fixed_texts},
    {"numbers_that_stand_for_nothing_are_refused", numbers_that_stand_for_nothing_are_refused},
    {NULL, NULL},
};
