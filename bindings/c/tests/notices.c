/* Previews of messages while the vault is closed. */
#include "harness.h"

typedef struct said {
    ampoule_vault *clinic, *lee;
    ampoule_contact *lee_at_clinic, *clinic_at_lee;
    ampoule_chart *chart, *copy;
    ampoule_thread *thread, *theirs;
    ampoule_buffer keys;
} said;

/* The device key of the previews alone. */
static const uint8_t KEY[32] = {77, 1, 2, 3};

static ampoule_entry_id say(ampoule_thread *thread, const char *text, ampoule_buffer *notice) {
    ampoule_message *message = NULL;
    ampoule_entry_id id;
    memset(&id, 0, sizeof id);
    OK(ampoule_message_new(AMPOULE_TEXT(text), &message));
    OK(ampoule_thread_send(thread, message, &id));
    OK(ampoule_thread_notice(thread, &id, notice));
    CLOSE(message);
    return id;
}

/* The clinic has a thread, which Dr. Lee has too, with keys for previews of it. */
static void begin(said *all) {
    ampoule_grant *grant = NULL;
    ampoule_buffer bundle;
    ampoule_applied applied;
    ampoule_previews *previews = NULL;
    ampoule_entry_id id;
    ampoule_chart_id chart;
    memset(all, 0, sizeof *all);
    all->clinic = vault_of("Riverside Clinic", 1);
    all->lee = vault_of("Dr. Lee", 2);
    introduce(all->clinic, all->lee, &all->lee_at_clinic, &all->clinic_at_lee);
    OK(ampoule_vault_create_chart(all->clinic, &all->chart));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_WRITE, &grant));
    OK(ampoule_chart_share(all->chart, all->lee_at_clinic, grant, NULL));
    OK(ampoule_chart_start_thread(all->chart, AMPOULE_TEXT("Knee pain"), AMPOULE_TEXT("general"), &all->thread));
    OK(ampoule_chart_export(all->chart, all->lee_at_clinic, NULL, 0, &bundle));
    OK(ampoule_vault_import(all->lee, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_chart_get_id(all->chart, &chart));
    OK(ampoule_vault_chart(all->lee, &chart, &all->copy));
    OK(ampoule_thread_get_id(all->thread, &id));
    OK(ampoule_chart_thread(all->copy, &id, &all->theirs));
    OK(ampoule_previews_new(&previews));
    OK(ampoule_previews_add(previews, all->theirs));
    OK(ampoule_vault_preview_keys(all->lee, previews, KEY, sizeof KEY, &all->keys));
    CLOSE(grant, previews);
}

static void end(said *all) {
    OK(ampoule_buffer_free(&all->keys));
    CLOSE(all->theirs, all->thread, all->copy, all->chart, all->clinic_at_lee, all->lee_at_clinic, all->lee, all->clinic);
}

static int is(const char *text, size_t len, const char *expected) {
    return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

static void a_message_is_shown_while_the_vault_is_locked(void) {
    said all;
    ampoule_buffer notice;
    ampoule_unverified_message *message = NULL;
    ampoule_unverified_message_info info;
    ampoule_entry_id id;
    const char *text = NULL;
    size_t len = 0;
    begin(&all);
    id = say(all.thread, "It is not broken.", &notice);
    OK(ampoule_vault_lock(all.lee));
    OK(ampoule_open_preview(notice.data, notice.len, all.keys.data, all.keys.len, KEY, sizeof KEY, &message));
    OK(ampoule_unverified_message_get_info(message, &info));
    CHECK(memcmp(&info.id, &id, sizeof id) == 0);
    OK(ampoule_thread_get_id(all.thread, &id));
    CHECK(memcmp(&info.thread, &id, sizeof id) == 0);
    CHECK(info.known == AMPOULE_KNOWN_VERIFIED && info.attachments == 0 && info.time_ms > 0);
    OK(ampoule_unverified_message_text(message, &text, &len));
    CHECK(is(text, len, "It is not broken."));
    OK(ampoule_unverified_message_author(message, &text, &len));
    CHECK(is(text, len, "Riverside Clinic"));
    OK(ampoule_buffer_free(&notice));
    CLOSE(message);
    end(&all);
}

static void what_does_not_open_is_a_status(void) {
    said all;
    ampoule_buffer notice, after;
    ampoule_unverified_message *message = NULL;
    uint8_t other[32] = {78};
    begin(&all);
    (void)say(all.thread, "It is not broken.", &notice);
    GIVES(AMPOULE_STATUS_WAY_FAILED,
          ampoule_open_preview(notice.data, notice.len, all.keys.data, all.keys.len, other, sizeof other, &message));
    GIVES(AMPOULE_STATUS_WAY_FAILED,
          ampoule_open_preview(notice.data, notice.len, NULL, 0, KEY, sizeof KEY, &message));
    GIVES(AMPOULE_STATUS_UNOPENABLE,
          ampoule_open_preview(NULL, 0, all.keys.data, all.keys.len, KEY, sizeof KEY, &message));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH,
          ampoule_open_preview(notice.data, notice.len, all.keys.data, all.keys.len, KEY, 31, &message));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT,
          ampoule_open_preview(notice.data, notice.len, all.keys.data, all.keys.len, KEY, sizeof KEY, NULL));
    OK(ampoule_chart_revoke(all.chart, all.lee_at_clinic, NULL));
    (void)say(all.thread, "after", &after);
    GIVES(AMPOULE_STATUS_OUTDATED_PREVIEW,
          ampoule_open_preview(after.data, after.len, all.keys.data, all.keys.len, KEY, sizeof KEY, &message));
    CHECK(message == NULL);
    OK(ampoule_buffer_free(&notice));
    OK(ampoule_buffer_free(&after));
    end(&all);
}

const test notice_tests[] = {
    {"a_message_is_shown_while_the_vault_is_locked", a_message_is_shown_while_the_vault_is_locked},
    {"what_does_not_open_is_a_status", what_does_not_open_is_a_status},
    {NULL, NULL},
};
