/* What keeps things for a vault by functions of the caller: checkpoints, and the content of files. */
#include "harness.h"

#include <pthread.h>

/* A keeper in memory. */
typedef struct shelf {
    uint8_t bytes[65536];
    size_t len;
    unsigned saves;
    /* What it says instead of the truth. */
    uint32_t status;
    int absurd;
} shelf;

static uint32_t load(void *ctx, ampoule_rows *checkpoint) {
    shelf *kept = (shelf *)ctx;
    if (kept->status != AMPOULE_STATUS_OK) return kept->status;
    if (kept->absurd) {
        (void)ampoule_rows_add(checkpoint, NULL, 0, NULL, 100);
        return AMPOULE_STATUS_OK;
    }
    if (kept->len == 0) return AMPOULE_STATUS_OK;
    return ampoule_rows_add(checkpoint, NULL, 0, kept->bytes, kept->len);
}

static uint32_t save(void *ctx, const uint8_t *checkpoint, size_t len) {
    shelf *kept = (shelf *)ctx;
    if (kept->status != AMPOULE_STATUS_OK) return kept->status;
    if (len > sizeof kept->bytes) return AMPOULE_STATUS_KEEPER_TOO_LONG;
    memcpy(kept->bytes, checkpoint, len);
    kept->len = len;
    kept->saves++;
    return AMPOULE_STATUS_OK;
}

static ampoule_options *kept_by(shelf *kept) {
    ampoule_options *options = NULL;
    OK(ampoule_options_new(&options));
    OK(ampoule_options_set_keeper(options, load, save, kept, NULL));
    return options;
}

static void a_keeper_in_c_anchors_a_vault(void) {
    static shelf kept, other;
    ampoule_options *options, *others;
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL;
    ampoule_unlock *way = way_of(1);
    ampoule_freshness freshness;
    static const struct {
        uint32_t says;
        ampoule_status status;
    } failures[] = {
        {AMPOULE_STATUS_KEEPER_UNAVAILABLE, AMPOULE_STATUS_KEEPER_UNAVAILABLE},
        {AMPOULE_STATUS_KEEPER_NO_REGULAR_FILE, AMPOULE_STATUS_KEEPER_NO_REGULAR_FILE},
        {AMPOULE_STATUS_KEEPER_TOO_LONG, AMPOULE_STATUS_KEEPER_TOO_LONG},
        {9999, AMPOULE_STATUS_KEEPER_UNAVAILABLE},
    };
    size_t i;
    memset(&kept, 0, sizeof kept);
    memset(&other, 0, sizeof other);
    options = kept_by(&kept);
    others = kept_by(&other);
    OK(ampoule_store_memory(&store));
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT("Dr. Lee"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault,
                            NULL));
    OK(ampoule_vault_lock(vault));
    CLOSE(vault);
    CHECK(kept.saves > 0 && kept.len > 0);
    OK(ampoule_vault_open(store, options, way, &vault));
    OK(ampoule_vault_freshness(vault, &freshness));
    CHECK(freshness == AMPOULE_FRESHNESS_ANCHORED);
    CLOSE(vault);
    vault = NULL;
    for (i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        kept.status = failures[i].says;
        GIVES(failures[i].status, ampoule_vault_open(store, options, way, &vault));
    }
    kept.status = AMPOULE_STATUS_OK;
    kept.absurd = 1;
    GIVES(AMPOULE_STATUS_KEEPER_UNAVAILABLE, ampoule_vault_open(store, options, way, &vault));
    kept.absurd = 0;
    /* A byte more is no checkpoint. */
    kept.bytes[0] ^= 1;
    GIVES(AMPOULE_STATUS_WRONG_CHECKPOINT, ampoule_vault_open(store, options, way, &vault));
    CHECK(vault == NULL);
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_options_set_keeper(options, NULL, save, &kept, NULL));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_options_set_keeper(options, load, NULL, &kept, NULL));
    CLOSE(store, way, options, others);
}

/* Blobs in memory: so many, so long. */
#define BLOBS 8
#define LONGEST 400000

typedef struct blob {
    uint8_t id[16];
    uint8_t *bytes[2];
    size_t len[2];
    int used, finished, writing;
} blob;

typedef struct blobs {
    blob all[BLOBS];
    pthread_mutex_t mutex;
    unsigned open;
    /* What is done wrong. */
    int short_reads, no_writer, wrong_names, fails_late;
} blobs;

static blob *find(blobs *place, const uint8_t *id) {
    size_t i;
    for (i = 0; i < BLOBS; i++) {
        if (place->all[i].used && memcmp(place->all[i].id, id, 16) == 0) return &place->all[i];
    }
    return NULL;
}

static void forget(blob *gone) {
    free(gone->bytes[0]);
    free(gone->bytes[1]);
    memset(gone, 0, sizeof *gone);
}

static uint32_t create(void *ctx, const uint8_t *id, void **writer) {
    blobs *place = (blobs *)ctx;
    uint32_t status = AMPOULE_STATUS_STORE_FULL;
    size_t i;
    if (place->no_writer) return AMPOULE_STATUS_OK;
    pthread_mutex_lock(&place->mutex);
    if (find(place, id) != NULL) status = AMPOULE_STATUS_STORE_BUSY;
    for (i = 0; i < BLOBS && status == AMPOULE_STATUS_STORE_FULL; i++) {
        blob *made = &place->all[i];
        if (made->used) continue;
        memcpy(made->id, id, 16);
        made->bytes[0] = (uint8_t *)malloc(LONGEST);
        made->bytes[1] = (uint8_t *)malloc(LONGEST);
        made->used = made->writing = 1;
        place->open++;
        *writer = made;
        status = place->fails_late ? AMPOULE_STATUS_STORE_READ_ONLY : AMPOULE_STATUS_OK;
    }
    pthread_mutex_unlock(&place->mutex);
    return status;
}

static uint32_t append(void *ctx, void *writer, uint32_t part, const uint8_t *bytes, size_t len) {
    blob *to = (blob *)writer;
    (void)ctx;
    if (to->len[part - 1] + len > LONGEST) return AMPOULE_STATUS_STORE_FULL;
    memcpy(to->bytes[part - 1] + to->len[part - 1], bytes, len);
    to->len[part - 1] += len;
    return AMPOULE_STATUS_OK;
}

static uint32_t finish(void *ctx, void *writer) {
    blobs *place = (blobs *)ctx;
    pthread_mutex_lock(&place->mutex);
    ((blob *)writer)->finished = 1;
    pthread_mutex_unlock(&place->mutex);
    return AMPOULE_STATUS_OK;
}

static void end(void *ctx, void *writer) {
    blobs *place = (blobs *)ctx;
    blob *of = (blob *)writer;
    pthread_mutex_lock(&place->mutex);
    of->writing = 0;
    place->open--;
    if (!of->finished) forget(of);
    pthread_mutex_unlock(&place->mutex);
}

static uint32_t open_blob(void *ctx, const uint8_t *id, void **reader) {
    blobs *place = (blobs *)ctx;
    blob *found;
    pthread_mutex_lock(&place->mutex);
    found = find(place, id);
    if (found != NULL && found->finished) {
        *reader = found;
        place->open++;
    }
    pthread_mutex_unlock(&place->mutex);
    return place->fails_late ? AMPOULE_STATUS_STORE_READ_ONLY : AMPOULE_STATUS_OK;
}

static uint32_t blob_len(void *ctx, void *reader, uint32_t part, uint64_t *len) {
    (void)ctx;
    *len = ((blob *)reader)->len[part - 1];
    return AMPOULE_STATUS_OK;
}

static uint32_t read_blob(void *ctx, void *reader, uint32_t part, uint64_t offset, uint8_t *out, size_t len, size_t *read) {
    blob *of = (blob *)reader;
    if (offset > of->len[part - 1] || of->len[part - 1] - offset < len) return AMPOULE_STATUS_STORE_DAMAGED;
    memcpy(out, of->bytes[part - 1] + offset, len);
    *read = ((blobs *)ctx)->short_reads && len > 0 ? len - 1 : len;
    return AMPOULE_STATUS_OK;
}

static void close_blob(void *ctx, void *reader) {
    blobs *place = (blobs *)ctx;
    (void)reader;
    pthread_mutex_lock(&place->mutex);
    place->open--;
    pthread_mutex_unlock(&place->mutex);
}

static uint32_t remove_blob(void *ctx, const uint8_t *id, bool *was_there) {
    blobs *place = (blobs *)ctx;
    uint32_t status = AMPOULE_STATUS_OK;
    blob *found;
    pthread_mutex_lock(&place->mutex);
    found = find(place, id);
    if (found != NULL && found->writing) status = AMPOULE_STATUS_STORE_BUSY;
    else if (found != NULL) {
        forget(found);
        *was_there = true;
    }
    pthread_mutex_unlock(&place->mutex);
    return status;
}

static uint32_t list(void *ctx, const uint8_t *after, size_t limit, ampoule_rows *found) {
    blobs *place = (blobs *)ctx;
    const uint8_t *last = after;
    uint32_t status = AMPOULE_STATUS_OK;
    if (place->wrong_names) return ampoule_rows_add(found, (const uint8_t *)"no name", 7, NULL, 0);
    pthread_mutex_lock(&place->mutex);
    while (limit-- > 0 && status == AMPOULE_STATUS_OK) {
        blob *next = NULL;
        size_t i;
        for (i = 0; i < BLOBS; i++) {
            blob *one = &place->all[i];
            if (!one->used || !one->finished || (last != NULL && memcmp(one->id, last, 16) <= 0)) continue;
            if (next == NULL || memcmp(one->id, next->id, 16) < 0) next = one;
        }
        if (next == NULL) break;
        status = ampoule_rows_add(found, next->id, 16, NULL, 0);
        last = next->id;
    }
    pthread_mutex_unlock(&place->mutex);
    return status;
}

static const ampoule_blob_callbacks in_memory = {
    sizeof(ampoule_blob_callbacks), create, append, finish, end, open_blob, blob_len, read_blob, close_blob, remove_blob, list,
};

static unsigned destroyed;

static void destroy(void *ctx) {
    blobs *place = (blobs *)ctx;
    size_t i;
    for (i = 0; i < BLOBS; i++) forget(&place->all[i]);
    pthread_mutex_destroy(&place->mutex);
    destroyed++;
}

static ampoule_entry_id put_file(ampoule_chart *chart, const uint8_t *content, size_t len) {
    ampoule_record *info = NULL;
    ampoule_file_writer *writer = NULL;
    ampoule_entry_id id;
    memset(&id, 0, sizeof id);
    OK(ampoule_record_new(AMPOULE_TEXT("application/octet-stream"), NULL, 0, &info));
    OK(ampoule_chart_create_file(chart, info, &writer));
    OK(ampoule_file_writer_update(writer, content, len));
    OK(ampoule_file_writer_finish(writer, &id, NULL));
    CLOSE(writer, info);
    return id;
}

static void files_live_in_a_place_in_c(void) {
    static blobs place;
    static uint8_t content[100000];
    ampoule_options *options = NULL;
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL;
    ampoule_chart *chart = NULL;
    ampoule_record *info = NULL;
    ampoule_file_writer *writer = NULL;
    ampoule_file *file = NULL;
    ampoule_unlock *way = way_of(1);
    ampoule_blob_callbacks some = in_memory;
    ampoule_report report;
    ampoule_buffer range;
    ampoule_entry_id id;
    size_t i;
    for (i = 0; i < sizeof content; i++) content[i] = (uint8_t)(i % 251);
    memset(&place, 0, sizeof place);
    destroyed = 0;
    REQUIRE(pthread_mutex_init(&place.mutex, NULL) == 0);
    OK(ampoule_options_new(&options));
    some.list = NULL;
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_options_set_blobs(options, &some, &place, destroy));
    some = in_memory;
    some.size++;
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_options_set_blobs(options, &some, &place, destroy));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_options_set_blobs(options, NULL, &place, destroy));
    CHECK(destroyed == 0);
    OK(ampoule_options_set_blobs(options, &in_memory, &place, destroy));
    OK(ampoule_store_memory(&store));
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT("Dr. Lee"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault,
                            NULL));
    CLOSE(options);
    OK(ampoule_vault_create_chart(vault, &chart));
    id = put_file(chart, content, sizeof content);
    OK(ampoule_chart_file(chart, &id, &file));
    OK(ampoule_file_read_range(file, 70000, 10, &range));
    CHECK(range.len == 10 && memcmp(range.data, content + 70000, 10) == 0);
    OK(ampoule_buffer_free(&range));
    OK(ampoule_vault_verify(vault, &report));
    CHECK(report.files == 1 && report.findings == 0);
    /* One that is given up leaves nothing. */
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), NULL, 0, &info));
    OK(ampoule_chart_create_file(chart, info, &writer));
    OK(ampoule_file_writer_update(writer, content, sizeof content));
    OK(ampoule_file_writer_abandon(writer));
    CLOSE(writer);
    CHECK(place.all[0].finished && !place.all[1].used);
    /* Less than was asked for is a content that does not open, whatever the bytes are: the rest of the store may be well. */
    CLOSE(file);
    OK(ampoule_chart_file(chart, &id, &file));
    place.short_reads = 1;
    GIVES(AMPOULE_STATUS_UNOPENABLE, ampoule_file_read_range(file, 30000, 10, &range));
    place.short_reads = 0;
    place.no_writer = 1;
    GIVES(AMPOULE_STATUS_STORE_IO, ampoule_chart_create_file(chart, info, &writer));
    place.no_writer = 0;
    /* What was named is ended, also where it failed. */
    CLOSE(file);
    CHECK(place.open == 0);
    place.fails_late = 1;
    GIVES(AMPOULE_STATUS_STORE_READ_ONLY, ampoule_chart_create_file(chart, info, &writer));
    CHECK(place.open == 0 && !place.all[1].used);
    GIVES(AMPOULE_STATUS_STORE_READ_ONLY, ampoule_chart_file(chart, &id, &file));
    CHECK(place.open == 0);
    place.fails_late = 0;
    OK(ampoule_chart_file(chart, &id, &file));
    place.all[0].bytes[0][50] ^= 1;
    CLOSE(file);
    OK(ampoule_vault_verify(vault, &report));
    CHECK(report.findings == 1);
    CLOSE(info, chart, vault, store, way);
    CHECK(place.open == 0 && destroyed == 1);
}

static void files_of_a_store_in_c_lie_in_a_folder(void) {
    static char folder[4096];
    ampoule_options *options = NULL;
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL;
    ampoule_chart *chart = NULL;
    ampoule_file *file = NULL;
    ampoule_unlock *way = way_of(1);
    ampoule_entry_id id;
    uint64_t len = 0;
    strcpy(folder, fresh_path("blobs"));
    OK(ampoule_options_new(&options));
    OK(ampoule_options_set_blob_folder(options, AMPOULE_TEXT(folder)));
    OK(ampoule_store_memory(&store));
    OK(ampoule_vault_create(store, options, AMPOULE_TEXT("Dr. Lee"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault,
                            NULL));
    OK(ampoule_vault_create_chart(vault, &chart));
    id = put_file(chart, (const uint8_t *)"an X-ray", 8);
    CLOSE(chart, vault);
    OK(ampoule_vault_open(store, options, way, &vault));
    {
        ampoule_buffer ids;
        ampoule_chart_id chart_id;
        OK(ampoule_vault_charts(vault, &ids));
        memcpy(&chart_id, ids.data, sizeof chart_id);
        OK(ampoule_buffer_free(&ids));
        OK(ampoule_vault_chart(vault, &chart_id, &chart));
    }
    OK(ampoule_chart_file(chart, &id, &file));
    OK(ampoule_file_len(file, &len));
    CHECK(len == 8);
    CLOSE(file, chart, vault, store, options, way);
}

const test keeping_tests[] = {
    {"a_keeper_in_c_anchors_a_vault", a_keeper_in_c_anchors_a_vault},
    {"files_live_in_a_place_in_c", files_live_in_a_place_in_c},
    {"files_of_a_store_in_c_lie_in_a_folder", files_of_a_store_in_c_lie_in_a_folder},
    {NULL, NULL},
};
