/* Runs all tests, or those with the first argument in their names. The second is a folder for what they write. */
#include "harness.h"

#include <sys/stat.h>

int failures_here;
static const char *folder = ".";

void say_failure(const char *file, int line, const char *what) {
    failures_here++;
    printf("# %s:%d: does not hold: %s\n", file, line, what);
}

void say_status(const char *file, int line, const char *call, uint32_t is, uint32_t should) {
    char text[256] = "";
    size_t needed = 0;
    (void)ampoule_status_message(is, text, sizeof text, &needed);
    failures_here++;
    printf("# %s:%d: %s is %u (%s), not %u\n", file, line, call, (unsigned)is, text, (unsigned)should);
}

ampoule_unlock *way_of(uint8_t byte) {
    uint8_t key[32];
    ampoule_unlock *way = NULL;
    memset(key, byte, sizeof key);
    OK(ampoule_unlock_new(&way));
    OK(ampoule_unlock_add_device_key(way, key, sizeof key));
    return way;
}

ampoule_vault *vault_in(ampoule_store *store, const char *name, uint8_t byte) {
    ampoule_vault *vault = NULL;
    ampoule_unlock *way = way_of(byte);
    OK(ampoule_vault_create(store, NULL, AMPOULE_TEXT(name), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault,
                            NULL));
    CLOSE(way);
    return vault;
}

ampoule_vault *vault_of(const char *name, uint8_t byte) {
    ampoule_store *store = NULL;
    ampoule_vault *vault;
    OK(ampoule_store_memory(&store));
    vault = vault_in(store, name, byte);
    CLOSE(store);
    return vault;
}

ampoule_record *note(const char *text) {
    ampoule_record *record = NULL;
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), (const uint8_t *)text, strlen(text), &record));
    OK(ampoule_record_set_kind(record, AMPOULE_TEXT("Note")));
    OK(ampoule_record_add_text(record, AMPOULE_TEXT(text)));
    return record;
}

ampoule_entry_id put_note(ampoule_chart *chart, const char *text) {
    ampoule_entry_id id;
    ampoule_record *record = note(text);
    memset(&id, 0, sizeof id);
    OK(ampoule_chart_put(chart, record, &id));
    CLOSE(record);
    return id;
}

int holds(ampoule_chart *chart, ampoule_entry_id id, const char *text) {
    ampoule_entry *entry = NULL;
    const uint8_t *content = NULL;
    size_t len = 0;
    int same;
    if (ampoule_chart_get(chart, &id, &entry) != AMPOULE_STATUS_OK) return 0;
    OK(ampoule_entry_content(entry, &content, &len));
    same = len == strlen(text) && memcmp(content, text, len) == 0;
    CLOSE(entry);
    return same;
}

int is_nowhere(const uint8_t *bytes, size_t len, const char *text) {
    size_t at, most = strlen(text);
    for (at = 0; at + most <= len; at++) {
        if (memcmp(bytes + at, text, most) == 0) return 0;
    }
    return 1;
}

static ampoule_contact *add(ampoule_vault *to, ampoule_vault *who) {
    ampoule_buffer card, digits;
    ampoule_contact *contact = NULL;
    OK(ampoule_vault_card(who, &card));
    OK(ampoule_card_fingerprint(card.data, card.len, &digits, NULL));
    OK(ampoule_vault_add_contact(to, card.data, card.len, &contact));
    OK(ampoule_contact_verify(contact, (const char *)digits.data, digits.len));
    OK(ampoule_buffer_free(&card));
    OK(ampoule_buffer_free(&digits));
    return contact;
}

void introduce(ampoule_vault *a, ampoule_vault *b, ampoule_contact **b_at_a, ampoule_contact **a_at_b) {
    *b_at_a = add(a, b);
    *a_at_b = add(b, a);
}

const char *fresh_path(const char *name) {
    static char path[4096];
    static const char *const tails[] = {"", "-wal", "-shm"};
    size_t i;
    for (i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        snprintf(path, sizeof path, "%s/%s%s", folder, name, tails[i]);
        (void)remove(path);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void close_all(const void *const *handles, size_t count) {
    size_t i;
    for (i = 0; i < count; i++) OK(ampoule_close(handles[i]));
}

static int passed, failed;

static void run(const test *tests, const char *only) {
    for (; tests->name != NULL; tests++) {
        size_t before = ampoule_handle_count();
        if (only != NULL && strstr(tests->name, only) == NULL) continue;
        failures_here = 0;
        tests->run();
        if (failures_here == 0 && ampoule_handle_count() != before) say_failure(tests->name, 0, "all handles were closed");
        printf("%s %d - %s\n", failures_here == 0 ? "ok" : "not ok", passed + failed + 1, tests->name);
        if (failures_here == 0) passed++;
        else failed++;
    }
}

int main(int count, char **arguments) {
    const char *only = count > 1 && arguments[1][0] != '\0' ? arguments[1] : NULL;
    if (count > 2) folder = arguments[2];
    (void)mkdir(folder, 0700);
    run(closed_tests, only);
    run(custom_store_tests, only);
    run(detail_tests, only);
    run(everyday_tests, only);
    run(file_tests, only);
    run(floor_tests, only);
    run(keeping_tests, only);
    run(sharing_tests, only);
    run(memory_tests, only);
    run(misuse_tests, only);
    run(notice_tests, only);
    run(null_tests, only);
    run(thread_tests, only);
    run(travel_tests, only);
    run(upkeep_tests, only);
    printf("1..%d\ntest result: %s. %d passed; %d failed\n", passed + failed, failed == 0 ? "ok" : "FAILED", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
