/* C in the round robin of the languages: see xtask/src/robin.rs.
 *
 *   robin make FOLDER NAME KEY
 *   robin add FOLDER NAME KEY WRITERS FROM... to TO...     takes bundles in, adds an entry, hands it on
 *   robin check FOLDER NAME KEY WRITERS FROM...            takes bundles in
 */
#include <ampoule.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK(call) do { \
        ampoule_status is_ = (call); \
        if (is_ != AMPOULE_STATUS_OK) { fprintf(stderr, "%s is %u\n", #call, (unsigned)is_); exit(1); } \
    } while (0)
#define REQUIRE(condition) do { if (!(condition)) { fprintf(stderr, "not so: %s\n", #condition); exit(1); } } while (0)

enum { MOST = 8 };

static const char *folder, *name;
static ampoule_vault *vault;
static ampoule_contact *contacts[MOST];
static char names[MOST][64];
static int known;

static const char *path(const char *first, const char *between, const char *second, const char *ending) {
    static char text[1024];
    REQUIRE((size_t)snprintf(text, sizeof text, "%s/%s%s%s%s", folder, first, between, second, ending) < sizeof text);
    return text;
}

static uint8_t *read_all(const char *file, size_t *len) {
    static uint8_t bytes[1 << 20];
    FILE *from = fopen(file, "rb");
    REQUIRE(from != NULL);
    *len = fread(bytes, 1, sizeof bytes, from);
    REQUIRE(*len > 0 && *len < sizeof bytes && fclose(from) == 0);
    return bytes;
}

static void write_all(const char *file, ampoule_buffer *buffer) {
    FILE *to = fopen(file, "wb");
    REQUIRE(to != NULL && fwrite(buffer->data, 1, buffer->len, to) == buffer->len && fclose(to) == 0);
    OK(ampoule_buffer_free(buffer));
}

static void open_vault(int key, int create) {
    uint8_t bytes[32];
    ampoule_unlock *way = NULL;
    ampoule_store *store = NULL;
    memset(bytes, key, sizeof bytes);
    OK(ampoule_unlock_new(&way));
    OK(ampoule_unlock_add_device_key(way, bytes, sizeof bytes));
    OK(ampoule_store_sqlite(AMPOULE_TEXT(path(name, "", "", ".db")), &store));
    if (create) {
        OK(ampoule_vault_create(store, NULL, AMPOULE_TEXT(name), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault,
                                NULL));
    } else {
        OK(ampoule_vault_open(store, NULL, way, &vault));
    }
    OK(ampoule_close(way));
    OK(ampoule_close(store));
}

/* Takes the cards of all others, each by its fingerprint. */
static void meet(void) {
    DIR *cards = opendir(folder);
    struct dirent *entry;
    REQUIRE(cards != NULL);
    while ((entry = readdir(cards)) != NULL) {
        char *dot = strrchr(entry->d_name, '.');
        size_t len;
        uint8_t *bytes;
        if (dot == NULL || strcmp(dot, ".card") != 0) continue;
        REQUIRE(known < MOST && dot - entry->d_name < 64);
        memset(names[known], 0, sizeof names[known]);
        memcpy(names[known], entry->d_name, (size_t)(dot - entry->d_name));
        if (strcmp(names[known], name) == 0) continue;
        bytes = read_all(path(names[known], "", "", ".card"), &len);
        OK(ampoule_vault_add_contact(vault, bytes, len, &contacts[known]));
        bytes = read_all(path(names[known], "", "", ".digits"), &len);
        OK(ampoule_contact_verify(contacts[known], (const char *)bytes, len));
        known++;
    }
    closedir(cards);
}

static ampoule_chart *take_in(const char *from) {
    ampoule_applied applied;
    ampoule_chart *chart = NULL;
    size_t len;
    uint8_t *bytes = read_all(path(from, "-", name, ".bundle"), &len);
    OK(ampoule_vault_import(vault, bytes, len, &applied, NULL, NULL));
    OK(ampoule_vault_chart(vault, &applied.chart, &chart));
    return chart;
}

/* Each of the writers wrote what he says, and nobody else wrote anything. */
static void require_writers(ampoule_chart *chart, const char *writers) {
    ampoule_matches *matches = NULL;
    ampoule_report report;
    size_t count, place;
    char found[1024] = "", said[128];
    OK(ampoule_chart_list(chart, &matches));
    OK(ampoule_matches_count(matches, &count));
    for (place = 0; place < count; place++) {
        ampoule_found one;
        ampoule_entry *entry = NULL;
        const uint8_t *content = NULL;
        const char *author = NULL;
        size_t len, author_len;
        OK(ampoule_matches_at(matches, place, &one));
        OK(ampoule_chart_get(chart, &one.entry, &entry));
        OK(ampoule_entry_content(entry, &content, &len));
        OK(ampoule_entry_author(entry, &author, &author_len));
        REQUIRE(snprintf(said, sizeof said, "%.*s wrote this", (int)author_len, author) == (int)len);
        REQUIRE(memcmp(said, content, len) == 0);
        REQUIRE(strlen(found) + author_len + 2 < sizeof found);
        if (place > 0) strcat(found, ",");
        strncat(found, author, author_len);
        OK(ampoule_close(entry));
    }
    printf("%s reads %s\n", name, found);
    REQUIRE(strcmp(found, writers) == 0);
    OK(ampoule_vault_verify(vault, &report));
    REQUIRE(report.findings == 0);
    OK(ampoule_close(matches));
}

static void add(ampoule_chart *chart) {
    char said[128];
    ampoule_record *record = NULL;
    ampoule_entry_id id;
    REQUIRE(snprintf(said, sizeof said, "%s wrote this", name) > 0);
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), (const uint8_t *)said, strlen(said), &record));
    OK(ampoule_chart_put(chart, record, &id));
    OK(ampoule_close(record));
}

static void hand_on(ampoule_chart *chart, const char *to) {
    int at;
    for (at = 0; at < known; at++) {
        ampoule_buffer bundle;
        if (strcmp(names[at], to) != 0) continue;
        OK(ampoule_chart_export(chart, contacts[at], NULL, 0, &bundle));
        write_all(path(name, "-", to, ".bundle"), &bundle);
        return;
    }
    REQUIRE(!"somebody who is known");
}

int main(int argc, char **argv) {
    ampoule_chart *chart = NULL;
    int at;
    REQUIRE(argc >= 5);
    folder = argv[2];
    name = argv[3];
    open_vault(atoi(argv[4]), strcmp(argv[1], "make") == 0);
    if (strcmp(argv[1], "make") == 0) {
        ampoule_buffer card;
        OK(ampoule_vault_card(vault, &card));
        write_all(path(name, "", "", ".card"), &card);
        return 0;
    }
    if (strcmp(argv[1], "add") == 0) meet();
    for (at = 6; at < argc && strcmp(argv[at], "to") != 0; at++) chart = take_in(argv[at]);
    REQUIRE(chart != NULL);
    require_writers(chart, argv[5]);
    if (strcmp(argv[1], "add") == 0) add(chart);
    for (at++; at < argc; at++) hand_on(chart, argv[at]);
    return 0;
}
