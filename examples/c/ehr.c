/*
 * An EHR with a database of its own: sealed bytes in its own table, keys and grants with Ampoule.
 *
 *   member   one row: the state of the EHR's own keys
 *   chart    a row for each patient: the state of the chart's keys, replaced by compare-and-swap
 *   note     a row for each note: sealed bytes where there was text, and their hash
 *   audit    what the vault for exchange tells of itself
 *
 * What it does: moves plaintext rows over one by one, writes a note, reads all back, shares a note with Dr. Lee, who has a
 * vault of her own, and takes the share back. Give it an empty folder.
 */
#include <ampoule.h>
#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Ends the program with the words of a status. An EHR would show them, and go on. */
static void ok_at(uint32_t status, const char *call, int line) {
    char words[256] = "unknown";
    size_t needed = 0;
    if (status == AMPOULE_STATUS_OK) return;
    (void)ampoule_status_message(status, words, sizeof words, &needed);
    fprintf(stderr, "line %d: %s: %u, %s\n", line, call, (unsigned)status, words);
    exit(1);
}
#define OK(call) ok_at((uint32_t)(call), #call, __LINE__)

static void sql_at(int result, int wanted, sqlite3 *db, int line) {
    if (result == wanted) return;
    fprintf(stderr, "line %d: SQLite: %s\n", line, sqlite3_errmsg(db));
    exit(1);
}
#define SQL(call) sql_at((call), SQLITE_OK, db, __LINE__)
#define ROW(statement) sql_at(sqlite3_step(statement), SQLITE_ROW, db, __LINE__)
#define DONE(statement) sql_at(sqlite3_step(statement), SQLITE_DONE, db, __LINE__)

static sqlite3 *db;

static int64_t now_ms(void) {
    return (int64_t)time(NULL) * 1000;
}

static sqlite3_stmt *prepare(const char *text) {
    sqlite3_stmt *statement = NULL;
    SQL(sqlite3_prepare_v2(db, text, -1, &statement, NULL));
    return statement;
}

/* 32 bytes of the platform's keystore or of an HSM. Here, for the example, they are fixed. */
static ampoule_unlock *keystore(uint8_t byte) {
    uint8_t key[32];
    ampoule_unlock *way = NULL;
    memset(key, byte, sizeof key);
    OK(ampoule_unlock_new(&way));
    OK(ampoule_unlock_add_device_key(way, key, sizeof key));
    memset(key, 0, sizeof key);
    return way;
}

/* The EHR's own keys: opened from their row, or made once. */
static ampoule_member *open_member(void) {
    ampoule_member *member = NULL;
    ampoule_unlock *way = keystore(1);
    sqlite3_stmt *select = prepare("SELECT state FROM member");
    if (sqlite3_step(select) == SQLITE_ROW) {
        OK(ampoule_member_open((const uint8_t *)sqlite3_column_blob(select, 0), (size_t)sqlite3_column_bytes(select, 0), way,
                               &member));
    } else {
        ampoule_buffer state, code;
        sqlite3_stmt *insert = prepare("INSERT INTO member VALUES (1, ?1)");
        OK(ampoule_member_create(AMPOULE_TEXT("Riverside EHR"), AMPOULE_MEMBER_KIND_SERVICE, AMPOULE_SUITE_AES256_GCM, way,
                                 AMPOULE_RECOVERY_CODE, NULL, now_ms(), &member, &code));
        printf("recovery code of %zu characters, to be printed and kept in the safe\n", code.len);
        OK(ampoule_buffer_free(&code));
        OK(ampoule_member_state(member, &state));
        SQL(sqlite3_bind_blob(insert, 1, state.data, (int)state.len, SQLITE_STATIC));
        DONE(insert);
        sqlite3_finalize(insert);
        OK(ampoule_buffer_free(&state));
    }
    sqlite3_finalize(select);
    OK(ampoule_close(way));
    return member;
}

/* The keys of a patient's chart: loaded from their row, or made with the first note. */
static ampoule_chart_keys *open_chart(const ampoule_member *member, const char *patient) {
    ampoule_chart_keys *keys = NULL;
    ampoule_buffer state;
    sqlite3_stmt *select = prepare("SELECT state FROM chart WHERE patient = ?1"), *insert;
    SQL(sqlite3_bind_text(select, 1, patient, -1, SQLITE_STATIC));
    if (sqlite3_step(select) == SQLITE_ROW) {
        OK(ampoule_chart_keys_load((const uint8_t *)sqlite3_column_blob(select, 0), (size_t)sqlite3_column_bytes(select, 0),
                                   member, &keys));
        sqlite3_finalize(select);
        return keys;
    }
    sqlite3_finalize(select);
    OK(ampoule_chart_keys_create(member, now_ms(), &keys));
    OK(ampoule_chart_keys_state(keys, member, &state));
    insert = prepare("INSERT INTO chart VALUES (?1, ?2, 1)");
    SQL(sqlite3_bind_text(insert, 1, patient, -1, SQLITE_STATIC));
    SQL(sqlite3_bind_blob(insert, 2, state.data, (int)state.len, SQLITE_STATIC));
    DONE(insert);
    sqlite3_finalize(insert);
    OK(ampoule_buffer_free(&state));
    return keys;
}

/* Seals a text for the table, and checks that it opens before anything else forgets it. */
static ampoule_buffer seal(const ampoule_chart_keys *keys, const char *text, uint8_t hash[32]) {
    ampoule_record *record = NULL;
    ampoule_opened *opened = NULL;
    ampoule_opened_info info;
    ampoule_buffer sealed;
    const uint8_t *content = NULL;
    size_t len = 0;
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), (const uint8_t *)text, strlen(text), &record));
    OK(ampoule_chart_keys_seal(keys, record, now_ms(), &sealed));
    OK(ampoule_chart_keys_open(keys, sealed.data, sealed.len, NULL, &opened));
    OK(ampoule_opened_content(opened, &content, &len));
    if (len != strlen(text) || memcmp(content, text, len) != 0) exit(1);
    OK(ampoule_opened_get_info(opened, &info));
    memcpy(hash, info.hash, sizeof info.hash);
    OK(ampoule_close(opened));
    OK(ampoule_close(record));
    return sealed;
}

static void put(sqlite3_stmt *statement, const ampoule_buffer *sealed, const uint8_t hash[32]) {
    SQL(sqlite3_bind_blob(statement, 1, sealed->data, (int)sealed->len, SQLITE_STATIC));
    SQL(sqlite3_bind_blob(statement, 2, hash, 32, SQLITE_STATIC));
}

/* One row at a time, each in a transaction of its own: it can stop after any of them and go on. */
static int move_plaintext_over(const ampoule_member *member) {
    int moved = 0;
    for (;;) {
        sqlite3_stmt *select = prepare("SELECT id, patient, plain FROM note WHERE plain IS NOT NULL LIMIT 1"), *update;
        ampoule_chart_keys *keys;
        ampoule_buffer sealed;
        uint8_t hash[32];
        if (sqlite3_step(select) != SQLITE_ROW) {
            sqlite3_finalize(select);
            return moved;
        }
        SQL(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
        keys = open_chart(member, (const char *)sqlite3_column_text(select, 1));
        sealed = seal(keys, (const char *)sqlite3_column_text(select, 2), hash);
        update = prepare("UPDATE note SET sealed = ?1, hash = ?2, plain = NULL WHERE id = ?3 AND plain = ?4");
        put(update, &sealed, hash);
        SQL(sqlite3_bind_int64(update, 3, sqlite3_column_int64(select, 0)));
        SQL(sqlite3_bind_text(update, 4, (const char *)sqlite3_column_text(select, 2), -1, SQLITE_TRANSIENT));
        DONE(update);
        moved += sqlite3_changes(db); /* 0 where somebody changed the text meanwhile: it comes again */
        sqlite3_finalize(update);
        sqlite3_finalize(select);
        SQL(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
        OK(ampoule_buffer_free(&sealed));
        OK(ampoule_close(keys));
    }
}

static void write_note(const ampoule_member *member, const char *patient, const char *text) {
    ampoule_chart_keys *keys = open_chart(member, patient);
    uint8_t hash[32];
    ampoule_buffer sealed = seal(keys, text, hash);
    sqlite3_stmt *insert = prepare("INSERT INTO note (sealed, hash, patient) VALUES (?1, ?2, ?3)");
    put(insert, &sealed, hash);
    SQL(sqlite3_bind_text(insert, 3, patient, -1, SQLITE_STATIC));
    DONE(insert);
    sqlite3_finalize(insert);
    OK(ampoule_buffer_free(&sealed));
    OK(ampoule_close(keys));
}

/* Opens the note of a row; the hash beside it says that no other sealed note of the chart was put in its place. */
static ampoule_opened *read_note(const ampoule_chart_keys *keys, sqlite3_stmt *row) {
    ampoule_opened *opened = NULL;
    if (sqlite3_column_bytes(row, 1) != 32) exit(1);
    OK(ampoule_chart_keys_open(keys, (const uint8_t *)sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0),
                               (const uint8_t *)sqlite3_column_blob(row, 1), &opened));
    return opened;
}

static void print_notes(const ampoule_member *member, const char *patient) {
    ampoule_chart_keys *keys = open_chart(member, patient);
    sqlite3_stmt *select = prepare("SELECT sealed, hash FROM note WHERE patient = ?1 ORDER BY id");
    SQL(sqlite3_bind_text(select, 1, patient, -1, SQLITE_STATIC));
    while (sqlite3_step(select) == SQLITE_ROW) {
        ampoule_opened *opened = read_note(keys, select);
        const uint8_t *content = NULL;
        size_t len = 0;
        OK(ampoule_opened_content(opened, &content, &len));
        printf("%s: %.*s\n", patient, (int)len, (const char *)content);
        OK(ampoule_close(opened));
    }
    sqlite3_finalize(select);
    OK(ampoule_close(keys));
}

/* Another program with a table of its own, and no vault either: the chart's notes are opened there, until they are not. The two
 * compared the fingerprints of their cards; here both are in one program. */
static void share_the_table(const ampoule_member *member, const char *patient) {
    ampoule_chart_keys *keys = open_chart(member, patient), *shared = NULL, *theirs = NULL, *turned = NULL;
    ampoule_unlock *way = keystore(4);
    ampoule_member *laboratory = NULL;
    ampoule_grant *grant = NULL;
    ampoule_record *record = NULL;
    ampoule_opened *opened;
    ampoule_buffer card, ours, handed, state, later;
    const uint8_t *content = NULL;
    size_t len = 0;
    sqlite3_stmt *select = prepare("SELECT sealed, hash FROM note WHERE patient = ?1 ORDER BY id LIMIT 1"), *update;
    OK(ampoule_member_create(AMPOULE_TEXT("Laboratory"), AMPOULE_MEMBER_KIND_SERVICE, AMPOULE_SUITE_AES256_GCM, way,
                             AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, now_ms(), &laboratory, NULL));
    OK(ampoule_member_card(laboratory, &card));
    OK(ampoule_member_card(member, &ours));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_chart_keys_share(keys, card.data, card.len, grant, now_ms(), &shared));
    OK(ampoule_chart_keys_grant_for(shared, card.data, card.len, &handed));

    OK(ampoule_chart_keys_take(handed.data, handed.len, laboratory, ours.data, ours.len, NULL, &theirs));
    SQL(sqlite3_bind_text(select, 1, patient, -1, SQLITE_STATIC));
    ROW(select);
    opened = read_note(theirs, select);
    OK(ampoule_opened_content(opened, &content, &len));
    printf("the laboratory reads: %.*s\n", (int)len, (const char *)content);
    OK(ampoule_close(opened));

    /* Taken back: what is sealed with the keys of after is not for the laboratory. */
    OK(ampoule_chart_keys_revoke(shared, card.data, card.len, now_ms(), &turned));
    OK(ampoule_chart_keys_state(turned, member, &state));
    update = prepare("UPDATE chart SET state = ?1, version = version + 1 WHERE patient = ?2 AND version = 1");
    SQL(sqlite3_bind_blob(update, 1, state.data, (int)state.len, SQLITE_STATIC));
    SQL(sqlite3_bind_text(update, 2, patient, -1, SQLITE_STATIC));
    DONE(update);
    if (sqlite3_changes(db) != 1) exit(1);
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), (const uint8_t *)"later", 5, &record));
    OK(ampoule_chart_keys_seal(turned, record, now_ms(), &later));
    if (ampoule_chart_keys_open(theirs, later.data, later.len, NULL, &opened) == AMPOULE_STATUS_OK) exit(1);
    printf("the laboratory reads no more\n");
    sqlite3_finalize(select);
    sqlite3_finalize(update);
    {
        ampoule_buffer *const buffers[] = {&card, &ours, &handed, &state, &later};
        const void *const all[] = {record, grant, keys, shared, theirs, turned, laboratory, way};
        size_t i;
        for (i = 0; i < sizeof buffers / sizeof buffers[0]; i++) OK(ampoule_buffer_free(buffers[i]));
        for (i = 0; i < sizeof all / sizeof all[0]; i++) OK(ampoule_close(all[i]));
    }
}

/* The EHR's own audit takes what the vault for exchange tells, before anything is read from it. */
static void audit(void *ctx, const ampoule_event *event) {
    sqlite3_stmt *insert = prepare("INSERT INTO audit VALUES (?1)");
    (void)ctx;
    SQL(sqlite3_bind_text(insert, 1, event->line, (int)event->line_len, SQLITE_TRANSIENT));
    DONE(insert);
    sqlite3_finalize(insert);
}

static ampoule_vault *open_vault(const char *folder, const char *file, const char *name, uint8_t byte, int audited) {
    char path[4096];
    ampoule_store *store = NULL;
    ampoule_options *options = NULL;
    ampoule_vault *vault = NULL;
    ampoule_unlock *way = keystore(byte);
    uint32_t status;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    OK(ampoule_store_sqlite(AMPOULE_TEXT(path), &store));
    OK(ampoule_options_new(&options));
    if (audited) {
        OK(ampoule_options_set_audit(options, AMPOULE_AUDIT_STRICT));
        OK(ampoule_options_set_event_sink(options, audit, NULL, NULL));
    }
    status = ampoule_vault_open(store, options, way, &vault);
    if (status == AMPOULE_STATUS_NO_VAULT) {
        status = ampoule_vault_create(store, options, AMPOULE_TEXT(name), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL,
                                      &vault, NULL);
    }
    OK(status);
    OK(ampoule_close(store));
    OK(ampoule_close(options));
    OK(ampoule_close(way));
    return vault;
}

/* Takes the card of another vault. The two people compare the fingerprint by telephone; here both are in one program. */
static ampoule_contact *meet(const ampoule_vault *vault, const ampoule_vault *other) {
    ampoule_contact *contact = NULL;
    ampoule_buffer card, digits;
    OK(ampoule_vault_card(other, &card));
    OK(ampoule_card_fingerprint(card.data, card.len, &digits, NULL));
    OK(ampoule_vault_add_contact(vault, card.data, card.len, &contact));
    OK(ampoule_contact_verify(contact, (const char *)digits.data, digits.len));
    OK(ampoule_buffer_free(&card));
    OK(ampoule_buffer_free(&digits));
    return contact;
}

/* A note leaves the table for somebody with a vault: through the vault for exchange, on behalf of a nurse. */
static void share_and_take_back(const ampoule_member *member, const char *patient, const char *folder) {
    ampoule_vault *exchange = open_vault(folder, "exchange.db", "Riverside EHR", 2, 1), *acting = NULL;
    ampoule_vault *lee = open_vault(folder, "lee.db", "Dr. Lee", 3, 0);
    ampoule_contact *to = meet(exchange, lee), *from = meet(lee, exchange);
    ampoule_chart_keys *keys = open_chart(member, patient);
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_record *record = NULL;
    ampoule_grant *grant = NULL;
    ampoule_entry *entry = NULL;
    ampoule_opened *opened;
    ampoule_entry_id id;
    ampoule_applied applied;
    ampoule_buffer bundle, next;
    const uint8_t *content = NULL;
    const char *subject = NULL;
    size_t len = 0;
    sqlite3_stmt *select = prepare("SELECT sealed, hash FROM note WHERE patient = ?1 ORDER BY id LIMIT 1");
    SQL(sqlite3_bind_text(select, 1, patient, -1, SQLITE_STATIC));
    ROW(select);
    OK(ampoule_vault_acting_for(exchange, AMPOULE_TEXT("https://riverside.example/staff"), AMPOULE_TEXT("nurse-17"),
                                AMPOULE_TEXT("session-1"), AMPOULE_TEXT("TREAT"), &acting));
    OK(ampoule_vault_create_chart(acting, &chart));
    opened = read_note(keys, select);
    OK(ampoule_opened_content(opened, &content, &len));
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), content, len, &record));
    OK(ampoule_chart_put(chart, record, &id));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_chart_export(chart, to, NULL, 0, &bundle));

    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, &next, NULL));
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    OK(ampoule_chart_get(copy, &id, &entry));
    OK(ampoule_entry_content(entry, &content, &len));
    printf("Dr. Lee reads: %.*s", (int)len, (const char *)content);
    OK(ampoule_entry_actor_subject(entry, &subject, &len));
    printf(" (sent by the EHR for %.*s)\n", (int)len, subject);
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_close(entry));

    OK(ampoule_chart_revoke(chart, to, NULL));
    OK(ampoule_chart_export(chart, to, next.data, next.len, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, NULL));
    if (ampoule_chart_get(copy, &id, &entry) != AMPOULE_STATUS_GRANT_ENDED) exit(1);
    printf("Dr. Lee's grant has ended\n");
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_buffer_free(&next));
    sqlite3_finalize(select);
    {
        const void *const all[] = {opened, record, grant, keys, chart, copy, to, from, acting, exchange, lee};
        size_t i;
        for (i = 0; i < sizeof all / sizeof all[0]; i++) OK(ampoule_close(all[i]));
    }
}

int main(int count, char **arguments) {
    const char *folder = count > 1 ? arguments[1] : ".";
    char path[4096];
    ampoule_member *member;
    sqlite3_stmt *select;
    snprintf(path, sizeof path, "%s/ehr.db", folder);
    SQL(sqlite3_open(path, &db));
    SQL(sqlite3_exec(db,
                     "PRAGMA secure_delete = ON;"
                     "CREATE TABLE member (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);"
                     "CREATE TABLE chart (patient TEXT PRIMARY KEY, state BLOB NOT NULL, version INTEGER NOT NULL);"
                     "CREATE TABLE note (id INTEGER PRIMARY KEY, patient TEXT NOT NULL, plain TEXT, sealed BLOB, hash BLOB);"
                     "CREATE TABLE audit (line TEXT NOT NULL);"
                     "INSERT INTO note (patient, plain) VALUES ('p-1', 'Blood pressure 120/80'), ('p-2', 'Temperature 37.2');",
                     NULL, NULL, NULL));
    member = open_member();
    printf("%d rows moved over\n", move_plaintext_over(member));
    OK(ampoule_close(member));

    member = open_member(); /* as the next start of the program would */
    write_note(member, "p-1", "Pulse 61");
    print_notes(member, "p-1");
    print_notes(member, "p-2");
    share_the_table(member, "p-1");
    share_and_take_back(member, "p-1", folder);
    OK(ampoule_close(member));

    select = prepare("SELECT count(*) > 5 FROM audit");
    ROW(select);
    printf("the audit has it all: %s\n", sqlite3_column_int(select, 0) ? "yes" : "no");
    sqlite3_finalize(select);
    SQL(sqlite3_close(db));
    if (ampoule_handle_count() != 0) return 1;
    printf("done\n");
    return 0;
}
