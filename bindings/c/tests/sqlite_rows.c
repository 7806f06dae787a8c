#include "sqlite_rows.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* A view is a connection in a transaction. SQLite in WAL mode shows each reader one state, and lets one writer in. */
typedef struct view {
    sqlite3 *db;
    struct view *next;
} view;

typedef struct database {
    char *path;
    int patience_ms;
    /* Connections that nobody uses at the moment. */
    view *idle;
    pthread_mutex_t mutex;
} database;

static uint32_t meaning(int result) {
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return AMPOULE_STATUS_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return AMPOULE_STATUS_STORE_BUSY;
    case SQLITE_FULL: return AMPOULE_STATUS_STORE_FULL;
    case SQLITE_READONLY: return AMPOULE_STATUS_STORE_READ_ONLY;
    case SQLITE_CANTOPEN: return AMPOULE_STATUS_STORE_CANNOT_OPEN;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return AMPOULE_STATUS_STORE_DAMAGED;
    default: return AMPOULE_STATUS_STORE_IO;
    }
}

static const char MAKE[] =
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE IF NOT EXISTS vault_rows (tab INTEGER, part BLOB, key BLOB, value BLOB, PRIMARY KEY (tab, part, key))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS vault_state (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO vault_state VALUES (1, 1);";

static view *connect(database *base) {
    view *made = (view *)calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    if (sqlite3_open_v2(base->path, &made->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ==
            SQLITE_OK &&
        sqlite3_busy_timeout(made->db, base->patience_ms) == SQLITE_OK &&
        sqlite3_exec(made->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) == SQLITE_OK) {
        return made;
    }
    sqlite3_close(made->db);
    free(made);
    return NULL;
}

static view *take(database *base) {
    view *idle;
    pthread_mutex_lock(&base->mutex);
    idle = base->idle;
    if (idle != NULL) base->idle = idle->next;
    pthread_mutex_unlock(&base->mutex);
    return idle != NULL ? idle : connect(base);
}

static void give_back(database *base, view *used) {
    pthread_mutex_lock(&base->mutex);
    used->next = base->idle;
    base->idle = used;
    pthread_mutex_unlock(&base->mutex);
}

/* A statement with its first arguments: the table and the part. */
static int prepare(view *of, const char *sql, uint32_t table, const uint8_t *part, size_t part_len, sqlite3_stmt **made) {
    int result = sqlite3_prepare_v2(of->db, sql, -1, made, NULL);
    if (result == SQLITE_OK) result = sqlite3_bind_int64(*made, 1, table);
    if (result == SQLITE_OK) result = sqlite3_bind_blob64(*made, 2, part, part_len, SQLITE_STATIC);
    return result;
}

/* Gives all rows of a statement, key and value. */
static uint32_t give(sqlite3_stmt *statement, int result, ampoule_rows *rows) {
    uint32_t status = AMPOULE_STATUS_OK;
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(statement);
        if (result != SQLITE_ROW) break;
        status = ampoule_rows_add(rows, (const uint8_t *)sqlite3_column_blob(statement, 0),
                                  (size_t)sqlite3_column_bytes(statement, 0),
                                  (const uint8_t *)sqlite3_column_blob(statement, 1),
                                  (size_t)sqlite3_column_bytes(statement, 1));
        if (status != AMPOULE_STATUS_OK) break;
    }
    sqlite3_finalize(statement);
    return status != AMPOULE_STATUS_OK ? (uint32_t)AMPOULE_STATUS_STORE_IO : meaning(result);
}

static uint32_t generation_of(void *ctx, void *named, uint64_t *generation) {
    view *of = (view *)named;
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(of->db, "SELECT generation FROM vault_state", -1, &statement, NULL);
    (void)ctx;
    if (result == SQLITE_OK) result = sqlite3_step(statement);
    if (result == SQLITE_ROW) *generation = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? (uint32_t)AMPOULE_STATUS_STORE_DAMAGED : meaning(result);
}

static uint32_t begin(void *ctx, const char *sql, void **named) {
    database *base = (database *)ctx;
    view *made = take(base);
    uint64_t generation;
    uint32_t status;
    if (made == NULL) return AMPOULE_STATUS_STORE_CANNOT_OPEN;
    status = meaning(sqlite3_exec(made->db, sql, NULL, NULL, NULL));
    /* A transaction of SQLite sees the state of its first look. */
    if (status == AMPOULE_STATUS_OK) status = generation_of(ctx, made, &generation);
    if (status == AMPOULE_STATUS_OK) {
        *named = made;
        return status;
    }
    if (!sqlite3_get_autocommit(made->db)) sqlite3_exec(made->db, "ROLLBACK", NULL, NULL, NULL);
    give_back(base, made);
    return status;
}

static uint32_t begin_read(void *ctx, void **named) { return begin(ctx, "BEGIN", named); }
static uint32_t begin_write(void *ctx, void **named) { return begin(ctx, "BEGIN IMMEDIATE", named); }

static uint32_t get(void *ctx, void *named, uint32_t table, const uint8_t *part, size_t part_len, const uint8_t *key,
                    size_t key_len, ampoule_rows *rows) {
    sqlite3_stmt *statement = NULL;
    int result = prepare((view *)named, "SELECT key, value FROM vault_rows WHERE tab = ?1 AND part = ?2 AND key = ?3", table,
                         part, part_len, &statement);
    (void)ctx;
    if (result == SQLITE_OK) result = sqlite3_bind_blob64(statement, 3, key, key_len, SQLITE_STATIC);
    return give(statement, result, rows);
}

static uint32_t scan(void *ctx, void *named, uint32_t table, const uint8_t *part, size_t part_len, const uint8_t *after,
                     size_t after_len, size_t limit, ampoule_rows *rows) {
    const char *sql = after == NULL
                          ? "SELECT key, value FROM vault_rows WHERE tab = ?1 AND part = ?2 ORDER BY key LIMIT ?3"
                          : "SELECT key, value FROM vault_rows WHERE tab = ?1 AND part = ?2 AND key > ?4 ORDER BY key LIMIT ?3";
    sqlite3_stmt *statement = NULL;
    int result = prepare((view *)named, sql, table, part, part_len, &statement);
    (void)ctx;
    if (result == SQLITE_OK) result = sqlite3_bind_int64(statement, 3, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    if (result == SQLITE_OK && after != NULL) result = sqlite3_bind_blob64(statement, 4, after, after_len, SQLITE_STATIC);
    return give(statement, result, rows);
}

static uint32_t last(void *ctx, void *named, uint32_t table, const uint8_t *part, size_t part_len, ampoule_rows *rows) {
    sqlite3_stmt *statement = NULL;
    int result = prepare((view *)named,
                         "SELECT key, value FROM vault_rows WHERE tab = ?1 AND part = ?2 ORDER BY key DESC LIMIT 1", table, part,
                         part_len, &statement);
    (void)ctx;
    return give(statement, result, rows);
}

static uint32_t put(void *ctx, void *named, uint32_t table, const uint8_t *part, size_t part_len, const uint8_t *key,
                    size_t key_len, const uint8_t *value, size_t value_len) {
    sqlite3_stmt *statement = NULL;
    int result = prepare((view *)named, "INSERT OR REPLACE INTO vault_rows VALUES (?1, ?2, ?3, ?4)", table, part, part_len,
                         &statement);
    (void)ctx;
    if (result == SQLITE_OK) result = sqlite3_bind_blob64(statement, 3, key, key_len, SQLITE_STATIC);
    if (result == SQLITE_OK) result = sqlite3_bind_blob64(statement, 4, value, value_len, SQLITE_STATIC);
    if (result == SQLITE_OK) result = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return meaning(result);
}

static uint32_t remove_row(void *ctx, void *named, uint32_t table, const uint8_t *part, size_t part_len, const uint8_t *key,
                           size_t key_len, bool *was_there) {
    view *of = (view *)named;
    sqlite3_stmt *statement = NULL;
    int result = prepare(of, "DELETE FROM vault_rows WHERE tab = ?1 AND part = ?2 AND key = ?3", table, part, part_len,
                         &statement);
    (void)ctx;
    if (result == SQLITE_OK) result = sqlite3_bind_blob64(statement, 3, key, key_len, SQLITE_STATIC);
    if (result == SQLITE_OK) result = sqlite3_step(statement);
    if (result == SQLITE_DONE) *was_there = sqlite3_changes(of->db) > 0;
    sqlite3_finalize(statement);
    return meaning(result);
}

static uint32_t commit(void *ctx, void *named, uint64_t *generation, bool *known) {
    view *of = (view *)named;
    uint64_t made;
    int result = sqlite3_exec(of->db, "UPDATE vault_state SET generation = generation + 1", NULL, NULL, NULL);
    uint32_t status = meaning(result);
    if (status == AMPOULE_STATUS_OK) status = generation_of(ctx, named, &made);
    if (status != AMPOULE_STATUS_OK) return status;
    status = meaning(sqlite3_exec(of->db, "COMMIT", NULL, NULL, NULL));
    if (status == AMPOULE_STATUS_OK) {
        *generation = made;
        *known = true;
        return status;
    }
    /* Where writing the log failed, what it wrote may be found there after a crash. */
    return status == AMPOULE_STATUS_STORE_IO ? (uint32_t)AMPOULE_STATUS_STORE_UNCERTAIN : status;
}

static void end(void *ctx, void *named) {
    view *of = (view *)named;
    if (!sqlite3_get_autocommit(of->db)) sqlite3_exec(of->db, "ROLLBACK", NULL, NULL, NULL);
    give_back((database *)ctx, of);
}

const ampoule_store_callbacks sqlite_rows = {
    sizeof(ampoule_store_callbacks), begin_read, begin_write, generation_of, get, scan, last, put, remove_row, commit, end,
};

void sqlite_rows_close(void *ctx) {
    database *base = (database *)ctx;
    while (base->idle != NULL) {
        view *idle = base->idle;
        base->idle = idle->next;
        sqlite3_close(idle->db);
        free(idle);
    }
    pthread_mutex_destroy(&base->mutex);
    free(base->path);
    free(base);
}

void *sqlite_rows_open(const char *path, int patience_ms) {
    database *base = (database *)calloc(1, sizeof *base);
    view *first;
    if (base == NULL) return NULL;
    base->path = (char *)malloc(strlen(path) + 1);
    base->patience_ms = patience_ms;
    if (base->path == NULL || pthread_mutex_init(&base->mutex, NULL) != 0) {
        free(base->path);
        free(base);
        return NULL;
    }
    strcpy(base->path, path);
    first = connect(base);
    if (first != NULL) give_back(base, first);
    if (first == NULL || sqlite3_exec(first->db, MAKE, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite_rows_close(base);
        return NULL;
    }
    return base;
}
