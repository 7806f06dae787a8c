/* A vault on a store of the caller's, and on stores that lie. */
#include "harness.h"
#include "sqlite_rows.h"

#include <pthread.h>

#define THREADS 64

static unsigned destroyed;

static void destroy(void *ctx) {
    destroyed++;
    sqlite_rows_close(ctx);
}

static ampoule_store *store_at(const char *path, int patience_ms) {
    ampoule_store *store = NULL;
    void *rows = sqlite_rows_open(path, patience_ms);
    if (rows == NULL) {
        say_failure(__FILE__, __LINE__, "the database opens");
        return NULL;
    }
    OK(ampoule_store_new(&sqlite_rows, rows, destroy, &store));
    return store;
}

static void a_store_in_c_keeps_every_promise(void) {
    ampoule_store *store = store_at(fresh_path("promises.db"), 200);
    ampoule_buffer broken;
    REQUIRE(store != NULL);
    OK(ampoule_store_check(store, &broken));
    if (broken.len != 0) say_failure(__FILE__, __LINE__, (const char *)broken.data);
    OK(ampoule_buffer_free(&broken));
    destroyed = 0;
    CLOSE(store);
    CHECK(destroyed == 1);
}

static void a_vault_lives_on_a_store_in_c(void) {
    const char *path = fresh_path("custom.db");
    ampoule_store *store = store_at(path, 5000);
    ampoule_vault *vault;
    ampoule_chart *chart = NULL;
    ampoule_chart_id chart_id;
    ampoule_entry_id first, second;
    ampoule_query *query = NULL;
    ampoule_matches *matches = NULL;
    ampoule_record *changed = note("Blood pressure 130/85");
    ampoule_version_id version;
    ampoule_unlock *way = way_of(1);
    ampoule_report report;
    ampoule_buffer lines, broken;
    size_t count = 0;
    REQUIRE(store != NULL);
    destroyed = 0;
    vault = vault_in(store, "Riverside Clinic", 1);
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_chart_get_id(chart, &chart_id));
    first = put_note(chart, "Blood pressure 120/80");
    second = put_note(chart, "No allergies");
    OK(ampoule_chart_update(chart, &first, changed, &version));
    CHECK(holds(chart, first, "Blood pressure 130/85"));
    /* Whoever has a vault in it is not to try it. */
    GIVES(AMPOULE_STATUS_VAULT_EXISTS, ampoule_store_check(store, &broken));
    CLOSE(chart, vault, store);
    CHECK(destroyed == 1);

    store = store_at(path, 5000);
    OK(ampoule_vault_open(store, NULL, way, &vault));
    CLOSE(store); /* the vault keeps what it needs of it */
    OK(ampoule_vault_chart(vault, &chart_id, &chart));
    CHECK(holds(chart, first, "Blood pressure 130/85") && holds(chart, second, "No allergies"));
    OK(ampoule_query_new(AMPOULE_TEXT("Note"), &query));
    OK(ampoule_query_add_words(query, AMPOULE_TEXT("allergies")));
    OK(ampoule_chart_find(chart, query, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 1);
    OK(ampoule_vault_verify(vault, &report));
    CHECK(report.charts == 1 && report.versions == 3 && report.findings == 0 && report.not_here == 0);
    OK(ampoule_vault_audit(vault, &lines));
    CHECK(lines.len > 0);
    OK(ampoule_buffer_free(&lines));
    CLOSE(matches, query, changed, way, chart, vault);
    CHECK(destroyed == 2);
}

typedef struct shared {
    ampoule_chart *chart;
    ampoule_entry_id entry;
    pthread_barrier_t barrier;
    pthread_mutex_t mutex;
    unsigned wrong;
} shared;

static void *write_and_read(void *argument) {
    shared *all = (shared *)argument;
    ampoule_record *record = note("by one of many");
    ampoule_entry_id id;
    pthread_barrier_wait(&all->barrier);
    if (ampoule_chart_put(all->chart, record, &id) != AMPOULE_STATUS_OK || !holds(all->chart, id, "by one of many") ||
        !holds(all->chart, all->entry, "Blood pressure 120/80") || ampoule_close(record) != AMPOULE_STATUS_OK) {
        pthread_mutex_lock(&all->mutex);
        all->wrong++;
        pthread_mutex_unlock(&all->mutex);
    }
    return NULL;
}

static void sixty_four_threads_share_a_store_in_c(void) {
    ampoule_store *store = store_at(fresh_path("threads.db"), 60000);
    ampoule_vault *vault;
    ampoule_report report;
    pthread_t ids[THREADS];
    shared all;
    unsigned i;
    REQUIRE(store != NULL);
    vault = vault_in(store, "Dr. Lee", 1);
    memset(&all, 0, sizeof all);
    OK(ampoule_vault_create_chart(vault, &all.chart));
    all.entry = put_note(all.chart, "Blood pressure 120/80");
    REQUIRE(pthread_barrier_init(&all.barrier, NULL, THREADS) == 0 && pthread_mutex_init(&all.mutex, NULL) == 0);
    for (i = 0; i < THREADS; i++) REQUIRE(pthread_create(&ids[i], NULL, write_and_read, &all) == 0);
    for (i = 0; i < THREADS; i++) REQUIRE(pthread_join(ids[i], NULL) == 0);
    CHECK(all.wrong == 0);
    OK(ampoule_vault_verify(vault, &report));
    CHECK(report.versions == THREADS + 1 && report.findings == 0);
    pthread_barrier_destroy(&all.barrier);
    pthread_mutex_destroy(&all.mutex);
    CLOSE(all.chart, vault, store);
}

/* What a store says in the place of the truth. */
enum lie {
    NO_LIE,
    NO_VIEW,
    NO_SUCH_STATUS,
    STATUS_OF_SOMETHING_ELSE,
    BUSY,
    BUSY_WITH_A_VIEW,
    NULL_VALUE,
    IMPOSSIBLE_LENGTH,
    OTHER_KEY,
    TWO_ROWS,
    MORE_THAN_ASKED,
    WRONG_ORDER,
    SHORTER_VALUE,
    COMMIT_UNKNOWN,
    COMMIT_NOTHING,
    COMMIT_TO_THE_END,
    KEEPS_THE_ROWS
};

static struct liar {
    enum lie lie;
    ampoule_rows *kept;
    /* What the numbers of states are ahead of those of the database. */
    uint64_t ahead;
    unsigned ended;
} liar;

static uint32_t lying_generation(void *ctx, void *view, uint64_t *generation) {
    uint32_t status = sqlite_rows.generation(ctx, view, generation);
    *generation += liar.ahead;
    return status;
}

static uint32_t lying_read(void *ctx, void **view) {
    if (liar.lie == NO_VIEW) return AMPOULE_STATUS_OK;
    if (liar.lie == NO_SUCH_STATUS) return 9999;
    if (liar.lie == STATUS_OF_SOMETHING_ELSE) return AMPOULE_STATUS_WRONG_CHECKPOINT;
    if (liar.lie == BUSY) return AMPOULE_STATUS_STORE_BUSY;
    if (liar.lie == BUSY_WITH_A_VIEW) {
        (void)sqlite_rows.read(ctx, view);
        return AMPOULE_STATUS_STORE_BUSY;
    }
    return sqlite_rows.read(ctx, view);
}

static void counting_end(void *ctx, void *view) {
    liar.ended++;
    sqlite_rows.end(ctx, view);
}

static uint32_t lying_get(void *ctx, void *view, uint32_t table, const uint8_t *part, size_t part_len, const uint8_t *key,
                          size_t key_len, ampoule_rows *rows) {
    static const uint8_t bytes[4] = {1, 2, 3, 4};
    switch (liar.lie) {
    case NULL_VALUE: (void)ampoule_rows_add(rows, key, key_len, NULL, 4); return AMPOULE_STATUS_OK;
    case IMPOSSIBLE_LENGTH: (void)ampoule_rows_add(rows, key, key_len, bytes, SIZE_MAX); return AMPOULE_STATUS_OK;
    case OTHER_KEY: (void)ampoule_rows_add(rows, bytes, 4, bytes, 4); return AMPOULE_STATUS_OK;
    case SHORTER_VALUE: (void)ampoule_rows_add(rows, key, key_len, bytes, 4); return AMPOULE_STATUS_OK;
    case TWO_ROWS:
        OK(ampoule_rows_add(rows, key, key_len, bytes, 4));
        GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_rows_add(rows, key, key_len, bytes, 4));
        return AMPOULE_STATUS_OK;
    default: break;
    }
    if (liar.lie == KEEPS_THE_ROWS) {
        /* That of the last call ended with it. */
        if (liar.kept != NULL) GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_rows_add(liar.kept, key, key_len, bytes, 4));
        liar.kept = rows;
    }
    return sqlite_rows.get(ctx, view, table, part, part_len, key, key_len, rows);
}

static uint32_t lying_scan(void *ctx, void *view, uint32_t table, const uint8_t *part, size_t part_len, const uint8_t *after,
                           size_t after_len, size_t limit, ampoule_rows *rows) {
    size_t i;
    if (liar.lie == MORE_THAN_ASKED && limit < 5000) {
        for (i = 0; i <= limit; i++) {
            const uint8_t key[3] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
            (void)ampoule_rows_add(rows, key, sizeof key, key, sizeof key);
        }
        return AMPOULE_STATUS_OK;
    }
    if (liar.lie == WRONG_ORDER) {
        (void)ampoule_rows_add(rows, (const uint8_t *)"b", 1, (const uint8_t *)"", 0);
        (void)ampoule_rows_add(rows, (const uint8_t *)"a", 1, (const uint8_t *)"", 0);
        return AMPOULE_STATUS_OK;
    }
    return sqlite_rows.scan(ctx, view, table, part, part_len, after, after_len, limit, rows);
}

static uint32_t lying_commit(void *ctx, void *view, uint64_t *generation, bool *known) {
    if (liar.lie == COMMIT_NOTHING) {
        liar.ahead++;
        return AMPOULE_STATUS_OK;
    }
    if (liar.lie == COMMIT_TO_THE_END) {
        *generation = UINT64_MAX;
        memset(known, 0xff, sizeof *known); /* no bool, and taken for true */
        return AMPOULE_STATUS_OK;
    }
    if (liar.lie == COMMIT_UNKNOWN) return 9999;
    return sqlite_rows.commit(ctx, view, generation, known);
}

static ampoule_store *lying_store(const char *path) {
    ampoule_store_callbacks lying = sqlite_rows;
    ampoule_store *store = NULL;
    lying.read = lying_read;
    lying.generation = lying_generation;
    lying.get = lying_get;
    lying.scan = lying_scan;
    lying.commit = lying_commit;
    lying.end = counting_end;
    memset(&liar, 0, sizeof liar);
    OK(ampoule_store_new(&lying, sqlite_rows_open(path, 200), sqlite_rows_close, &store));
    return store;
}

static void h56_a_store_that_lies_is_an_error_of_the_store(void) {
    static const struct {
        enum lie lie;
        ampoule_status status;
    } lies[] = {
        {NO_VIEW, AMPOULE_STATUS_STORE_IO},          {NO_SUCH_STATUS, AMPOULE_STATUS_STORE_IO},
        {STATUS_OF_SOMETHING_ELSE, AMPOULE_STATUS_STORE_IO}, {BUSY, AMPOULE_STATUS_STORE_BUSY},
        {NULL_VALUE, AMPOULE_STATUS_STORE_DAMAGED},  {IMPOSSIBLE_LENGTH, AMPOULE_STATUS_STORE_DAMAGED},
        {OTHER_KEY, AMPOULE_STATUS_STORE_DAMAGED},   {TWO_ROWS, AMPOULE_STATUS_STORE_DAMAGED},
        {MORE_THAN_ASKED, AMPOULE_STATUS_STORE_DAMAGED}, {WRONG_ORDER, AMPOULE_STATUS_STORE_DAMAGED},
        {SHORTER_VALUE, AMPOULE_STATUS_WAY_FAILED},  {BUSY_WITH_A_VIEW, AMPOULE_STATUS_STORE_BUSY},
    };
    ampoule_store *store = lying_store(fresh_path("lies.db"));
    ampoule_unlock *way = way_of(1);
    ampoule_vault *vault = vault_in(store, "Dr. Lee", 1), *opened = NULL;
    ampoule_chart *chart = NULL;
    ampoule_record *record = note("note");
    ampoule_entry_id id;
    size_t i;
    OK(ampoule_vault_create_chart(vault, &chart));
    id = put_note(chart, "Blood pressure 120/80");
    for (i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        liar.lie = lies[i].lie;
        liar.ended = 0;
        GIVES(lies[i].status, ampoule_vault_open(store, NULL, way, &opened));
        CHECK(opened == NULL);
        /* What was named is ended, also where it failed. */
        if (liar.lie == BUSY_WITH_A_VIEW) CHECK(liar.ended == 1);
    }
    liar.lie = COMMIT_UNKNOWN;
    GIVES(AMPOULE_STATUS_STORE_UNCERTAIN, ampoule_chart_put(chart, record, &id));
    liar.lie = KEEPS_THE_ROWS;
    OK(ampoule_vault_open(store, NULL, way, &opened));
    CHECK(liar.kept != NULL);
    liar.lie = NO_LIE;
    CLOSE(opened, record, chart, vault, way, store);
}

/* What it says it kept, and kept nothing of. */
static void a_store_that_commits_nothing_is_found_out(void) {
    ampoule_store *store = lying_store(fresh_path("forgets.db"));
    ampoule_vault *vault = vault_in(store, "Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_record *record = note("note");
    ampoule_entry *entry = NULL;
    ampoule_entry_id id, kept;
    OK(ampoule_vault_create_chart(vault, &chart));
    kept = put_note(chart, "Blood pressure 120/80");
    liar.lie = COMMIT_NOTHING;
    OK(ampoule_chart_put(chart, record, &id));
    liar.lie = NO_LIE;
    GIVES(AMPOULE_STATUS_WITHHELD, ampoule_chart_get(chart, &kept, &entry));
    GIVES(AMPOULE_STATUS_WITHHELD, ampoule_chart_put(chart, record, &id));
    CLOSE(chart, vault, store);

    /* With a generation that no later state has. */
    store = lying_store(fresh_path("forgets.db"));
    vault = vault_in(store, "Dr. Lee", 1);
    OK(ampoule_vault_create_chart(vault, &chart));
    liar.lie = COMMIT_TO_THE_END;
    OK(ampoule_chart_put(chart, record, &id));
    liar.lie = NO_LIE;
    GIVES(AMPOULE_STATUS_STORE_BUSY, ampoule_chart_put(chart, record, &id));
    CLOSE(record, chart, vault, store);
}

static void copy_file(const char *from, const char *to) {
    static char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t len;
    REQUIRE(in != NULL && out != NULL);
    while ((len = fread(bytes, 1, sizeof bytes, in)) > 0) CHECK(fwrite(bytes, 1, len, out) == len);
    CHECK(fclose(in) == 0 && fclose(out) == 0);
}

/* The rows of yesterday, by whoever keeps the database. */
static void d27_a_store_in_c_that_went_back_is_found_out(void) {
    static char now[4096], yesterday[4096], checkpoint[4096];
    ampoule_options *options = NULL;
    ampoule_unlock *way = way_of(1);
    ampoule_vault *vault = NULL;
    ampoule_store *store;
    ampoule_chart *chart = NULL;
    ampoule_chart_id id;
    strcpy(checkpoint, fresh_path("back.checkpoint"));
    strcpy(yesterday, fresh_path("yesterday.db"));
    strcpy(now, fresh_path("now.db"));
    OK(ampoule_options_new(&options));
    OK(ampoule_options_set_checkpoint_file(options, AMPOULE_TEXT(checkpoint)));
    store = store_at(now, 5000);
    REQUIRE(store != NULL);
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT("Dr. Lee"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault,
                            NULL));
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_chart_get_id(chart, &id));
    CLOSE(chart, vault, store);
    copy_file(now, yesterday);

    store = store_at(now, 5000);
    OK(ampoule_vault_open(store, options, way, &vault));
    OK(ampoule_vault_chart(vault, &id, &chart));
    (void)put_note(chart, "Allergic to penicillin");
    CLOSE(chart, vault, store);

    store = store_at(yesterday, 5000);
    OK(ampoule_vault_open(store, options, way, &vault));
    chart = NULL;
    GIVES(AMPOULE_STATUS_RESTORED_COPY, ampoule_vault_chart(vault, &id, &chart));
    CHECK(chart == NULL);
    CLOSE(vault, store, options, way);
}

static uint32_t unused(void *ctx, void **view) {
    (void)ctx;
    (void)view;
    return AMPOULE_STATUS_STORE_IO;
}

static void h56_functions_that_are_not_there_make_no_store(void) {
    ampoule_store_callbacks some = sqlite_rows;
    ampoule_store *store = NULL;
    ampoule_buffer broken;
    const ampoule_rows *none = NULL;
    destroyed = 0;
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_store_new(NULL, NULL, destroy, &store));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_store_new(&some, NULL, destroy, NULL));
    some.end = NULL;
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_store_new(&some, NULL, destroy, &store));
    some = sqlite_rows;
    some.size--;
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_store_new(&some, NULL, destroy, &store));
    CHECK(store == NULL && destroyed == 0); /* what is not kept is not given back */
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_rows_add(none, NULL, 0, NULL, 0));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_store_check(NULL, &broken));
    some.size = sizeof some;
    some.read = unused;
    OK(ampoule_store_new(&some, NULL, NULL, &store));
    GIVES(AMPOULE_STATUS_STORE_IO, ampoule_store_check(store, &broken));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_store_check(store, NULL));
    CLOSE(store);
    GIVES(AMPOULE_STATUS_CLOSED_HANDLE, ampoule_store_check(store, &broken));
}

const test custom_store_tests[] = {
    {"a_store_in_c_keeps_every_promise", a_store_in_c_keeps_every_promise},
    {"a_vault_lives_on_a_store_in_c", a_vault_lives_on_a_store_in_c},
    {"sixty_four_threads_share_a_store_in_c", sixty_four_threads_share_a_store_in_c},
    {"h56_a_store_that_lies_is_an_error_of_the_store", h56_a_store_that_lies_is_an_error_of_the_store},
    {"a_store_that_commits_nothing_is_found_out", a_store_that_commits_nothing_is_found_out},
    {"d27_a_store_in_c_that_went_back_is_found_out", d27_a_store_in_c_that_went_back_is_found_out},
    {"h56_functions_that_are_not_there_make_no_store", h56_functions_that_are_not_there_make_no_store},
    {NULL, NULL},
};
