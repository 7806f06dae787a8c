/*
 * Runs the cases of tests/conformance, which are the same in every language: tests/conformance.rs says what they are.
 *
 *   conformance FILE.json …
 */
#include <ampoule.h>
#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>

#define MOST 16

/* What a case works on. */
typedef struct world {
    ampoule_store *store;
    ampoule_vault *vault;
    ampoule_chart *chart;
    size_t count;
    const char *names[MOST];
    ampoule_entry_id entries[MOST];
} world;

/* What a step came to, beside its status. */
typedef struct outcome {
    char *content;
    long count;
    cJSON *found;
} outcome;

#define TRY(call) do { uint32_t status_ = (uint32_t)(call); if (status_ != AMPOULE_STATUS_OK) return status_; } while (0)

static void die(const char *what) {
    fprintf(stderr, "the cases cannot be run: %s\n", what);
    exit(2);
}

static const char *text(const cJSON *step, const char *name) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(step, name));
}

static const char *need(const cJSON *step, const char *name) {
    const char *value = text(step, name);
    if (value == NULL) die(name);
    return value;
}

static uint8_t *bytes(const char *hex, size_t *len) {
    uint8_t *out = (uint8_t *)malloc(strlen(hex) / 2 + 1);
    unsigned byte;
    if (out == NULL) die("memory");
    for (*len = 0; hex[*len * 2] != '\0'; ++*len) {
        if (sscanf(hex + *len * 2, "%2x", &byte) != 1) die("hex");
        out[*len] = (uint8_t)byte;
    }
    return out;
}

static uint32_t way(const cJSON *step, ampoule_unlock **out) {
    const char *passphrase = text(step, "passphrase");
    TRY(ampoule_unlock_new(out));
    if (passphrase != NULL) {
        TRY(ampoule_unlock_add_passphrase(*out, AMPOULE_TEXT(passphrase)));
    } else {
        size_t len;
        uint8_t *key = bytes(need(step, "key"), &len);
        uint32_t status = ampoule_unlock_add_device_key(*out, key, len);
        free(key);
        TRY(status);
    }
    return AMPOULE_STATUS_OK;
}

static uint32_t fill_record(const cJSON *step, const ampoule_record *record) {
    const cJSON *dates = cJSON_GetObjectItemCaseSensitive(step, "dates"), *pair;
    if (text(step, "kind") != NULL) TRY(ampoule_record_set_kind(record, AMPOULE_TEXT(need(step, "kind"))));
    if (text(step, "label") != NULL) TRY(ampoule_record_set_label(record, AMPOULE_TEXT(need(step, "label"))));
    if (text(step, "words") != NULL) TRY(ampoule_record_add_text(record, AMPOULE_TEXT(need(step, "words"))));
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(step, "codes")) {
        const char *system = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
        const char *code = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
        TRY(ampoule_record_add_code(record, AMPOULE_TEXT(system), AMPOULE_TEXT(code)));
    }
    if (dates != NULL) {
        TRY(ampoule_record_add_dates(record, (int64_t)cJSON_GetArrayItem(dates, 0)->valuedouble,
                                     (int64_t)cJSON_GetArrayItem(dates, 1)->valuedouble));
    }
    return AMPOULE_STATUS_OK;
}

static uint32_t fill_query(const cJSON *step, const ampoule_query *query) {
    const cJSON *dates = cJSON_GetObjectItemCaseSensitive(step, "dates"), *pair;
    if (text(step, "words") != NULL) TRY(ampoule_query_add_words(query, AMPOULE_TEXT(need(step, "words"))));
    if (text(step, "prefix") != NULL) TRY(ampoule_query_add_word_prefix(query, AMPOULE_TEXT(need(step, "prefix"))));
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(step, "codes")) {
        const char *system = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
        const char *code = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1));
        TRY(ampoule_query_add_code(query, AMPOULE_TEXT(system), AMPOULE_TEXT(code)));
    }
    if (dates != NULL) {
        TRY(ampoule_query_set_dates(query, (int64_t)cJSON_GetArrayItem(dates, 0)->valuedouble,
                                    (int64_t)cJSON_GetArrayItem(dates, 1)->valuedouble));
    }
    return AMPOULE_STATUS_OK;
}

static ampoule_entry_id entry_of(const world *all, const cJSON *step) {
    ampoule_entry_id none;
    size_t i;
    for (i = 0; i < all->count; i++) {
        if (strcmp(all->names[i], need(step, "entry")) == 0) return all->entries[i];
    }
    memset(&none, 0, sizeof none);
    return none;
}

static const char *name_of(const world *all, const ampoule_entry_id *id) {
    size_t i;
    for (i = 0; i < all->count; i++) {
        if (memcmp(&all->entries[i], id, sizeof *id) == 0) return all->names[i];
    }
    return "an entry that nobody put";
}

static uint32_t read_entry(const ampoule_entry *entry, outcome *came) {
    const uint8_t *content = NULL;
    size_t len = 0;
    TRY(ampoule_entry_content(entry, &content, &len));
    came->content = (char *)calloc(len + 1, 1);
    if (came->content == NULL) die("memory");
    if (len > 0) memcpy(came->content, content, len);
    return AMPOULE_STATUS_OK;
}

static uint32_t read_matches(const world *all, const ampoule_matches *matches, outcome *came) {
    size_t count = 0, i;
    ampoule_found found;
    TRY(ampoule_matches_count(matches, &count));
    came->found = cJSON_CreateArray();
    for (i = 0; i < count; i++) {
        TRY(ampoule_matches_at(matches, i, &found));
        cJSON_AddItemToArray(came->found, cJSON_CreateString(name_of(all, &found.entry)));
    }
    return AMPOULE_STATUS_OK;
}

static uint32_t with_way(world *all, const char *call, const cJSON *step, const ampoule_unlock *unlock) {
    ampoule_vault *vault = NULL;
    uint32_t status;
    if (strcmp(call, "unlock") == 0) return ampoule_vault_unlock(all->vault, unlock);
    if (strcmp(call, "open") == 0) {
        status = ampoule_vault_open(all->store, NULL, unlock, &vault);
    } else {
        status = ampoule_vault_create(all->store, NULL, AMPOULE_TEXT(need(step, "name")), unlock,
                                      AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault, NULL);
    }
    if (status == AMPOULE_STATUS_OK) {
        (void)ampoule_close(all->vault);
        all->vault = vault;
    }
    return status;
}

static uint32_t with_record(world *all, const char *call, const cJSON *step, const ampoule_record *record) {
    ampoule_version_id version;
    ampoule_entry_id entry;
    TRY(fill_record(step, record));
    if (strcmp(call, "update") == 0) {
        entry = entry_of(all, step);
        return ampoule_chart_update(all->chart, &entry, record, &version);
    }
    TRY(ampoule_chart_put(all->chart, record, &entry));
    if (all->count == MOST) die("too many entries");
    all->names[all->count] = need(step, "as");
    all->entries[all->count++] = entry;
    return AMPOULE_STATUS_OK;
}

static uint32_t run(world *all, const cJSON *step, outcome *came) {
    const char *call = need(step, "call");
    uint32_t status = AMPOULE_STATUS_OK;
    ampoule_entry_id entry;
    ampoule_version_id version;
    if (strcmp(call, "create") == 0 || strcmp(call, "open") == 0 || strcmp(call, "unlock") == 0) {
        ampoule_unlock *unlock = NULL;
        status = way(step, &unlock);
        if (status == AMPOULE_STATUS_OK) status = with_way(all, call, step, unlock);
        (void)ampoule_close(unlock);
    } else if (strcmp(call, "lock") == 0) {
        status = ampoule_vault_lock(all->vault);
    } else if (strcmp(call, "chart") == 0) {
        status = ampoule_vault_create_chart(all->vault, &all->chart);
    } else if (strcmp(call, "put") == 0 || strcmp(call, "update") == 0) {
        const char *content = need(step, "text");
        ampoule_record *record = NULL;
        status = ampoule_record_new(AMPOULE_TEXT("text/plain"), (const uint8_t *)content, strlen(content), &record);
        if (status == AMPOULE_STATUS_OK) status = with_record(all, call, step, record);
        (void)ampoule_close(record);
    } else if (strcmp(call, "delete") == 0) {
        entry = entry_of(all, step);
        status = ampoule_chart_delete(all->chart, &entry, &version);
    } else if (strcmp(call, "get") == 0) {
        ampoule_entry *found = NULL;
        entry = entry_of(all, step);
        status = ampoule_chart_get(all->chart, &entry, &found);
        if (status == AMPOULE_STATUS_OK) status = read_entry(found, came);
        (void)ampoule_close(found);
    } else if (strcmp(call, "history") == 0) {
        ampoule_history *history = NULL;
        size_t count = 0;
        entry = entry_of(all, step);
        status = ampoule_chart_history(all->chart, &entry, &history);
        if (status == AMPOULE_STATUS_OK) status = ampoule_history_count(history, &count);
        if (status == AMPOULE_STATUS_OK) came->count = (long)count;
        (void)ampoule_close(history);
    } else if (strcmp(call, "find") == 0) {
        ampoule_query *query = NULL;
        ampoule_matches *matches = NULL;
        const char *kind = text(step, "kind");
        status = ampoule_query_new(kind, kind == NULL ? 0 : strlen(kind), &query);
        if (status == AMPOULE_STATUS_OK) status = fill_query(step, query);
        if (status == AMPOULE_STATUS_OK) status = ampoule_chart_find(all->chart, query, &matches);
        if (status == AMPOULE_STATUS_OK) status = read_matches(all, matches, came);
        (void)ampoule_close(matches);
        (void)ampoule_close(query);
    } else if (strcmp(call, "recovery_words") == 0) {
        ampoule_unlock *unlock = NULL;
        status = ampoule_unlock_new(&unlock);
        if (status == AMPOULE_STATUS_OK) {
            status = ampoule_unlock_add_recovery_words(unlock, AMPOULE_TEXT(need(step, "words")));
        }
        (void)ampoule_close(unlock);
    } else if (strcmp(call, "add_card") == 0 || strcmp(call, "import") == 0) {
        size_t len;
        uint8_t *given = bytes(need(step, "hex"), &len);
        if (call[0] == 'a') {
            ampoule_contact *contact = NULL;
            status = ampoule_vault_add_contact(all->vault, given, len, &contact);
            (void)ampoule_close(contact);
        } else {
            ampoule_applied applied;
            status = ampoule_vault_import(all->vault, given, len, &applied, NULL, NULL);
        }
        free(given);
    } else {
        die(call);
    }
    return status;
}

/* Whether a step came to what it should. */
static int fits(const cJSON *step, uint32_t status, const outcome *came) {
    const cJSON *should = cJSON_GetObjectItemCaseSensitive(step, "expect");
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(should, "error");
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(should, "count");
    const char *content = text(should, "content");
    if (number != NULL) return status == (uint32_t)number->valuedouble;
    if (status != AMPOULE_STATUS_OK) return 0;
    if (content != NULL) return came->content != NULL && strcmp(came->content, content) == 0;
    if (count != NULL) return came->count == (long)count->valuedouble;
    if (should != NULL) return cJSON_Compare(cJSON_GetObjectItemCaseSensitive(should, "found"), came->found, 1);
    return came->content == NULL && came->found == NULL && came->count == -1;
}

static int holds(const cJSON *one) {
    world all;
    const cJSON *step;
    int good = 1;
    memset(&all, 0, sizeof all);
    if (ampoule_store_memory(&all.store) != AMPOULE_STATUS_OK) die("no store");
    cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(one, "steps")) {
        outcome came = {NULL, -1, NULL};
        uint32_t status = run(&all, step, &came);
        if (!fits(step, status, &came)) {
            char *words = cJSON_PrintUnformatted(step);
            printf("# status %u is not what it should be: %s\n", (unsigned)status, words);
            free(words);
            good = 0;
        }
        free(came.content);
        cJSON_Delete(came.found);
    }
    (void)ampoule_close(all.chart);
    (void)ampoule_close(all.vault);
    (void)ampoule_close(all.store);
    return good && ampoule_handle_count() == 0;
}

static cJSON *read_cases(const char *path) {
    FILE *file = fopen(path, "rb");
    char *content = (char *)calloc(1 << 20, 1);
    cJSON *cases;
    if (file == NULL || content == NULL) die(path);
    if (fread(content, 1, (1 << 20) - 1, file) == 0) die(path);
    (void)fclose(file);
    cases = cJSON_Parse(content);
    free(content);
    if (!cJSON_IsArray(cases)) die(path);
    return cases;
}

int main(int count, char **arguments) {
    int passed = 0, failed = 0, i;
    for (i = 1; i < count; i++) {
        cJSON *cases = read_cases(arguments[i]), *one;
        cJSON_ArrayForEach(one, cases) {
            int good = holds(one);
            if (good) passed++;
            else failed++;
            printf("%s %d - %s\n", good ? "ok" : "not ok", passed + failed, need(one, "case"));
        }
        cJSON_Delete(cases);
    }
    printf("1..%d\ntest result: %s. %d passed; %d failed\n", passed + failed, failed == 0 ? "ok" : "FAILED", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
