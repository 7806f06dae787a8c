/* The lower floor, the event sink, the clock. */
#include "harness.h"

static ampoule_member *member_of(const char *name, uint8_t byte) {
    ampoule_member *member = NULL;
    ampoule_unlock *way = way_of(byte);
    OK(ampoule_member_create(AMPOULE_TEXT(name), AMPOULE_MEMBER_KIND_SERVICE, AMPOULE_SUITE_AES256_GCM, way,
                             AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, 1000, &member, NULL));
    CLOSE(way);
    return member;
}

static void sealed_bytes_open_from_stored_states(void) {
    ampoule_member *clinic = member_of("Riverside EHR", 1), *other = member_of("Other", 2), *again = NULL;
    ampoule_chart_keys *keys = NULL, *loaded = NULL;
    ampoule_record *record = note("note"), *next = note("changed");
    ampoule_buffer member_state, chart_state, column, second, parents;
    ampoule_opened *opened = NULL;
    ampoule_opened_info info, of_second;
    ampoule_unlock *way = way_of(1), *wrong = way_of(2);
    ampoule_chart_id id, same;
    const uint8_t *content = NULL;
    const char *text = NULL;
    size_t len = 0, most = 0;
    OK(ampoule_chart_keys_create(clinic, 1000, &keys));
    OK(ampoule_chart_keys_get_id(keys, &id));
    OK(ampoule_member_state(clinic, &member_state));
    OK(ampoule_chart_keys_state(keys, clinic, &chart_state));
    OK(ampoule_chart_keys_seal(keys, record, 2000, &column));
    OK(ampoule_chart_keys_sealed_size_max(4, &most));
    CHECK(column.len > 52 && is_nowhere(column.data, column.len, "note"));
    CLOSE(keys, clinic);

    /* Another process: only what was stored, and the factor. */
    GIVES(AMPOULE_STATUS_WAY_FAILED, ampoule_member_open(member_state.data, member_state.len, wrong, &again));
    OK(ampoule_member_open(member_state.data, member_state.len, way, &again));
    OK(ampoule_chart_keys_load(chart_state.data, chart_state.len, again, &loaded));
    OK(ampoule_chart_keys_get_id(loaded, &same));
    CHECK(memcmp(&id, &same, sizeof id) == 0);
    OK(ampoule_chart_keys_open(loaded, column.data, column.len, NULL, &opened));
    OK(ampoule_opened_content(opened, &content, &len));
    CHECK(len == 4 && memcmp(content, "note", len) == 0);
    OK(ampoule_opened_media_type(opened, &text, &len));
    CHECK(len == 10 && memcmp(text, "text/plain", len) == 0);
    OK(ampoule_opened_get_info(opened, &info));
    CHECK(info.time_ms == 2000);
    CLOSE(opened);

    /* A version names what it replaces; the hash tells one from the other. */
    OK(ampoule_chart_keys_seal_version(loaded, &info.entry, &info.version, 1, next, 3000, &second));
    OK(ampoule_chart_keys_open(loaded, second.data, second.len, NULL, &opened));
    OK(ampoule_opened_parents(opened, &parents));
    CHECK(parents.len == sizeof info.version && memcmp(parents.data, &info.version, parents.len) == 0);
    OK(ampoule_opened_get_info(opened, &of_second));
    CHECK(memcmp(&info.entry, &of_second.entry, sizeof info.entry) == 0);
    OK(ampoule_buffer_free(&parents));
    CLOSE(opened);
    opened = NULL;
    GIVES(AMPOULE_STATUS_UNEXPECTED, ampoule_chart_keys_open(loaded, second.data, second.len, info.hash, &opened));
    CHECK(opened == NULL);
    OK(ampoule_chart_keys_open(loaded, column.data, column.len, info.hash, &opened));
    CLOSE(opened);

    /* A state is its member's only. */
    keys = NULL;
    CHECK(ampoule_chart_keys_load(chart_state.data, chart_state.len, other, &keys) != AMPOULE_STATUS_OK);
    CHECK(keys == NULL);
    OK(ampoule_buffer_free(&member_state));
    OK(ampoule_buffer_free(&chart_state));
    OK(ampoule_buffer_free(&column));
    OK(ampoule_buffer_free(&second));
    CLOSE(record, next, loaded, again, other, way, wrong);
}

static void a_changed_byte_of_a_column_opens_nothing(void) {
    ampoule_member *clinic = member_of("Riverside EHR", 1);
    ampoule_chart_keys *keys = NULL;
    ampoule_record *record = note("note");
    ampoule_buffer column;
    ampoule_opened *opened = NULL;
    uint8_t *changed;
    size_t at;
    OK(ampoule_chart_keys_create(clinic, 1000, &keys));
    OK(ampoule_chart_keys_seal(keys, record, 2000, &column));
    changed = (uint8_t *)malloc(column.len);
    REQUIRE(changed != NULL);
    for (at = 0; at < column.len; at += 5) {
        memcpy(changed, column.data, column.len);
        changed[at] ^= 1;
        CHECK(ampoule_chart_keys_open(keys, changed, column.len, NULL, &opened) != AMPOULE_STATUS_OK);
        CHECK(ampoule_chart_keys_open(keys, changed, at, NULL, &opened) != AMPOULE_STATUS_OK);
    }
    CHECK(opened == NULL);
    free(changed);
    OK(ampoule_buffer_free(&column));
    CLOSE(record, keys, clinic);
}

static void a_revocation_turns_the_keys_and_rewrapping_follows(void) {
    ampoule_member *clinic = member_of("Riverside EHR", 1), *lee = member_of("Dr. Lee", 2);
    ampoule_chart_keys *keys = NULL, *shared = NULL, *turned = NULL;
    ampoule_record *record = note("note");
    ampoule_grant *grant = NULL;
    ampoule_buffer column, card, anew;
    ampoule_opened *opened = NULL;
    ampoule_opened_info before, after;
    OK(ampoule_chart_keys_create(clinic, 1000, &keys));
    OK(ampoule_chart_keys_seal(keys, record, 2000, &column));
    OK(ampoule_member_card(lee, &card));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_grant_add_label(grant, AMPOULE_TEXT("general")));
    OK(ampoule_chart_keys_share(keys, card.data, card.len, grant, 3000, &shared));
    OK(ampoule_chart_keys_revoke(shared, card.data, card.len, 4000, &turned));
    OK(ampoule_chart_keys_open(turned, column.data, column.len, NULL, &opened));
    OK(ampoule_opened_get_info(opened, &before));
    CLOSE(opened);
    OK(ampoule_chart_keys_rewrap(turned, column.data, column.len, &anew));
    OK(ampoule_chart_keys_open(turned, anew.data, anew.len, before.hash, &opened));
    OK(ampoule_opened_get_info(opened, &after));
    CHECK(memcmp(before.hash, after.hash, sizeof before.hash) == 0);
    CLOSE(opened);
    opened = NULL;
    CHECK(ampoule_chart_keys_open(keys, anew.data, anew.len, NULL, &opened) != AMPOULE_STATUS_OK);
    OK(ampoule_buffer_free(&column));
    OK(ampoule_buffer_free(&card));
    OK(ampoule_buffer_free(&anew));
    CLOSE(record, grant, keys, shared, turned, clinic, lee);
}

static void a_member_takes_a_share_until_it_is_taken_back(void) {
    ampoule_member *clinic = member_of("Riverside EHR", 1), *lee = member_of("Dr. Lee", 2), *eve = member_of("Eve", 3);
    ampoule_chart_keys *keys = NULL, *shared = NULL, *turned = NULL, *theirs = NULL, *again = NULL, *none = NULL;
    ampoule_record *record = note("note");
    ampoule_grant *grant = NULL;
    ampoule_buffer column, later, card, from, wrong, handed, empty;
    ampoule_opened *opened = NULL;
    const uint8_t *content = NULL;
    size_t len = 0;
    memset(&empty, 0, sizeof empty);
    OK(ampoule_chart_keys_create(clinic, 1000, &keys));
    OK(ampoule_member_card(lee, &card));
    OK(ampoule_member_card(clinic, &from));
    OK(ampoule_member_card(eve, &wrong));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_grant_add_label(grant, AMPOULE_TEXT("general")));
    OK(ampoule_chart_keys_share(keys, card.data, card.len, grant, 3000, &shared));
    GIVES(AMPOULE_STATUS_NO_SUCH_MEMBER, ampoule_chart_keys_grant_for(keys, card.data, card.len, &empty));
    GIVES(AMPOULE_STATUS_NO_SUCH_MEMBER, ampoule_chart_keys_grant_for(shared, wrong.data, wrong.len, &empty));
    CHECK(empty.data == NULL);
    OK(ampoule_chart_keys_grant_for(shared, card.data, card.len, &handed));
    OK(ampoule_chart_keys_seal(shared, record, 3500, &column));

    /* Who handed it over must be who was compared, and nobody else can take it. */
    GIVES(AMPOULE_STATUS_UNVERIFIED_CONTACT,
          ampoule_chart_keys_take(handed.data, handed.len, lee, wrong.data, wrong.len, NULL, &none));
    CHECK(ampoule_chart_keys_take(handed.data, handed.len, eve, from.data, from.len, NULL, &none) != AMPOULE_STATUS_OK);
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_keys_take(handed.data, handed.len, NULL, from.data, from.len, NULL, &none));
    CHECK(none == NULL);
    OK(ampoule_chart_keys_take(handed.data, handed.len, lee, from.data, from.len, NULL, &theirs));
    OK(ampoule_chart_keys_take(handed.data, handed.len, lee, from.data, from.len, theirs, &again));
    OK(ampoule_chart_keys_open(again, column.data, column.len, NULL, &opened));
    OK(ampoule_opened_content(opened, &content, &len));
    CHECK(len == 4 && memcmp(content, "note", len) == 0);
    CLOSE(opened);
    opened = NULL;

    OK(ampoule_chart_keys_revoke(shared, card.data, card.len, 4000, &turned));
    OK(ampoule_chart_keys_seal(turned, record, 5000, &later));
    CHECK(ampoule_chart_keys_open(again, later.data, later.len, NULL, &opened) != AMPOULE_STATUS_OK);
    GIVES(AMPOULE_STATUS_NO_SUCH_MEMBER, ampoule_chart_keys_grant_for(turned, card.data, card.len, &empty));
    CHECK(opened == NULL && empty.data == NULL);
    OK(ampoule_buffer_free(&column));
    OK(ampoule_buffer_free(&later));
    OK(ampoule_buffer_free(&card));
    OK(ampoule_buffer_free(&from));
    OK(ampoule_buffer_free(&wrong));
    OK(ampoule_buffer_free(&handed));
    CLOSE(record, grant, keys, shared, turned, theirs, again, clinic, lee, eve);
}

typedef struct heard {
    unsigned count, reads, refused, destroyed;
    int64_t now;
    int wrong;
} heard;

static void hear(void *ctx, const ampoule_event *event) {
    heard *all = (heard *)ctx;
    all->count++;
    if (event->kind == AMPOULE_EVENT_KIND_READ) {
        all->reads++;
        if (event->refused) all->refused++;
        if (event->chart == NULL || event->entry == NULL) all->wrong = 1;
    }
    if (strlen(event->line) != event->line_len || event->line[0] != '{') all->wrong = 1;
    if (event->time_ms != all->now) all->wrong = 1;
}

static int64_t tell_time(void *ctx) {
    return ((heard *)ctx)->now;
}

static void count_destroyed(void *ctx) {
    ((heard *)ctx)->destroyed++;
}

static void an_event_sink_hears_of_a_read_before_its_plaintext_is_there(void) {
    heard all;
    ampoule_options *options = NULL;
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL;
    ampoule_chart *chart = NULL;
    ampoule_unlock *way = way_of(1);
    ampoule_entry *entry = NULL;
    ampoule_entry_id id, unknown;
    unsigned before;
    memset(&all, 0, sizeof all);
    memset(&unknown, 9, sizeof unknown);
    all.now = 1700000000000;
    OK(ampoule_options_new(&options));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_options_set_event_sink(options, NULL, &all, count_destroyed));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_options_set_event_sink(NULL, hear, &all, count_destroyed));
    CHECK(all.destroyed == 0);
    OK(ampoule_options_set_audit(options, AMPOULE_AUDIT_STRICT));
    OK(ampoule_options_set_event_sink(options, hear, &all, count_destroyed));
    OK(ampoule_options_set_clock(options, tell_time, &all, NULL));
    OK(ampoule_store_memory(&store));
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT("Riverside EHR"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST,
                            NULL, &vault, NULL));
    OK(ampoule_vault_create_chart(vault, &chart));
    id = put_note(chart, "note");
    before = all.count;
    CHECK(before >= 3);
    OK(ampoule_chart_get(chart, &id, &entry));
    CHECK(all.reads == 1 && all.count == before + 1);
    CLOSE(entry);
    GIVES(AMPOULE_STATUS_UNKNOWN_ENTRY, ampoule_chart_get(chart, &unknown, &entry));
    CHECK(all.reads == 2 && all.refused == 1 && !all.wrong);
    CLOSE(options, store, way, chart);
    CHECK(all.destroyed == 0);
    CLOSE(vault);
    CHECK(all.destroyed == 1);
}

const test floor_tests[] = {
    {"sealed_bytes_open_from_stored_states", sealed_bytes_open_from_stored_states},
    {"a_changed_byte_of_a_column_opens_nothing", a_changed_byte_of_a_column_opens_nothing},
    {"a_revocation_turns_the_keys_and_rewrapping_follows", a_revocation_turns_the_keys_and_rewrapping_follows},
    {"a_member_takes_a_share_until_it_is_taken_back", a_member_takes_a_share_until_it_is_taken_back},
    {"an_event_sink_hears_of_a_read_before_its_plaintext_is_there",
     an_event_sink_hears_of_a_read_before_its_plaintext_is_there},
    {NULL, NULL},
};
