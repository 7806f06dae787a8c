/* Files, threads, batches. */
#include "harness.h"

#define LEN 300000

static uint8_t *bytes_of_a_file(void) {
    uint8_t *bytes = (uint8_t *)malloc(LEN);
    size_t i;
    if (bytes == NULL) abort();
    for (i = 0; i < LEN; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    return bytes;
}

static int write_all(const char *path, const uint8_t *bytes, size_t len) {
    FILE *file = fopen(path, "wb");
    int done = file != NULL && fwrite(bytes, 1, len, file) == len;
    return file != NULL && fclose(file) == 0 && done;
}

static int has_all(const char *path, const uint8_t *bytes, size_t len) {
    FILE *file = fopen(path, "rb");
    uint8_t *read = (uint8_t *)malloc(len + 1);
    int same = file != NULL && read != NULL && fread(read, 1, len + 1, file) == len && memcmp(read, bytes, len) == 0;
    if (file != NULL) fclose(file);
    free(read);
    return same;
}

static ampoule_record *scan_info(void) {
    ampoule_record *info = NULL;
    OK(ampoule_record_new(AMPOULE_TEXT("application/dicom"), NULL, 0, &info));
    OK(ampoule_record_set_name(info, AMPOULE_TEXT("knee.dcm")));
    OK(ampoule_record_set_preview(info, AMPOULE_TEXT("image/jpeg"), (const uint8_t *)"small", 5));
    return info;
}

static void a_file_is_pushed_in_pieces_and_pulled_at_any_place(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_record *info = scan_info(), *full = note("a record with content");
    ampoule_file_writer *writer = NULL;
    ampoule_file *file = NULL;
    ampoule_entry *entry = NULL;
    ampoule_entry_id id;
    ampoule_version_id first, second;
    ampoule_buffer range, type, preview;
    ampoule_matches *matches = NULL;
    uint8_t *bytes = bytes_of_a_file(), some[1000];
    const char *text = NULL;
    size_t at, read = 0, len = 0, count = 0;
    uint64_t total = 0;
    OK(ampoule_vault_create_chart(vault, &chart));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_chart_create_file(chart, full, &writer));
    OK(ampoule_chart_create_file(chart, info, &writer));
    for (at = 0; at < LEN; at += 10000) OK(ampoule_file_writer_update(writer, bytes + at, 10000));
    OK(ampoule_file_writer_finish(writer, &id, &first));
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_file_writer_update(writer, bytes, 1));
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_file_writer_finish(writer, &id, &first));
    CLOSE(writer);

    OK(ampoule_chart_file(chart, &id, &file));
    OK(ampoule_file_len(file, &total));
    CHECK(total == LEN);
    OK(ampoule_file_read_at(file, 123456, some, sizeof some, &read));
    CHECK(read == sizeof some && memcmp(some, bytes + 123456, read) == 0);
    OK(ampoule_file_read_at(file, LEN - 10, some, sizeof some, &read));
    CHECK(read == 10 && memcmp(some, bytes + LEN - 10, read) == 0);
    OK(ampoule_file_read_at(file, LEN + 10, some, sizeof some, &read));
    CHECK(read == 0);
    OK(ampoule_file_read_range(file, 16380, 10, &range));
    CHECK(range.len == 10 && memcmp(range.data, bytes + 16380, 10) == 0);
    OK(ampoule_buffer_free(&range));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_file_read_range(file, 2, UINT64_MAX, &range));
    OK(ampoule_file_entry(file, &entry));
    OK(ampoule_entry_name(entry, &text, &len));
    CHECK(len == 8 && memcmp(text, "knee.dcm", len) == 0);
    OK(ampoule_chart_preview(chart, &id, &type, &preview));
    CHECK(strcmp((const char *)type.data, "image/jpeg") == 0 && preview.len == 5);
    OK(ampoule_buffer_free(&type));
    OK(ampoule_buffer_free(&preview));
    CLOSE(entry, file);

    /* Another version; the first stays as it was. */
    OK(ampoule_chart_create_file_version(chart, &id, info, &writer));
    OK(ampoule_file_writer_update(writer, bytes, 5));
    OK(ampoule_file_writer_finish(writer, &id, &second));
    CLOSE(writer);
    OK(ampoule_chart_file_version(chart, &first, &file));
    OK(ampoule_file_len(file, &total));
    CHECK(total == LEN);
    CLOSE(file);

    /* What was given up is not there. */
    OK(ampoule_chart_create_file(chart, info, &writer));
    OK(ampoule_file_writer_update(writer, bytes, 5));
    OK(ampoule_file_writer_abandon(writer));
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_file_writer_update(writer, bytes, 5));
    CLOSE(writer);
    OK(ampoule_chart_list(chart, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 1);
    free(bytes);
    CLOSE(matches, full, info, chart, vault);
}

typedef struct seen {
    unsigned calls, most;
    uint64_t last;
} seen;

static bool see(void *ctx, uint64_t done) {
    seen *all = (seen *)ctx;
    all->calls++;
    all->last = done;
    return all->calls < all->most;
}

static void a_file_goes_from_path_to_path_and_can_be_ended(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_record *info = scan_info();
    ampoule_matches *matches = NULL;
    ampoule_file *file = NULL;
    ampoule_entry_id id;
    uint8_t *bytes = bytes_of_a_file();
    char from[4096], to[4096];
    size_t count = 9;
    seen all = {0, 1000000, 0}, end = {0, 1, 0};
    strcpy(from, fresh_path("from.dcm"));
    strcpy(to, fresh_path("to.dcm"));
    OK(ampoule_vault_create_chart(vault, &chart));
    GIVES(AMPOULE_STATUS_CANNOT_READ, ampoule_chart_put_path(chart, info, AMPOULE_TEXT(from), NULL, NULL, &id));
    CHECK(write_all(from, bytes, LEN));
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_chart_put_path(chart, info, AMPOULE_TEXT(from), see, &end, &id));
    OK(ampoule_chart_list(chart, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 0);
    OK(ampoule_chart_put_path(chart, info, AMPOULE_TEXT(from), see, &all, &id));
    CHECK(all.calls > 0 && all.last == LEN);
    OK(ampoule_chart_file(chart, &id, &file));
    end.calls = 0;
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_file_export(file, AMPOULE_TEXT(to), see, &end));
    CHECK(!has_all(to, bytes, LEN));
    OK(ampoule_file_export(file, AMPOULE_TEXT(to), NULL, NULL));
    CHECK(has_all(to, bytes, LEN));
    CHECK(remove(from) == 0 && remove(to) == 0);
    free(bytes);
    CLOSE(file, matches, info, chart, vault);
}

static void a_bundle_names_files_whose_content_follows(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *to = NULL, *from = NULL;
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_grant *grant = NULL;
    ampoule_record *info = scan_info();
    ampoule_file_writer *writer = NULL;
    ampoule_file *file = NULL;
    ampoule_entry_id id;
    ampoule_version_id version, told;
    ampoule_buffer bundle, missing;
    ampoule_applied applied;
    uint8_t *bytes = bytes_of_a_file(), some[100];
    size_t read = 0;
    char path[4096];
    strcpy(path, fresh_path("content"));
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_chart_create_file(chart, info, &writer));
    OK(ampoule_file_writer_update(writer, bytes, LEN));
    OK(ampoule_file_writer_finish(writer, &id, &version));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_chart_export(chart, to, NULL, 0, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, &missing));
    REQUIRE(missing.len == sizeof told);
    memcpy(&told, missing.data, sizeof told);
    CHECK(memcmp(&told, &version, sizeof told) == 0);
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    GIVES(AMPOULE_STATUS_CONTENT_NOT_HERE, ampoule_chart_file(copy, &id, &file));
    OK(ampoule_chart_export_content(chart, &version, AMPOULE_TEXT(path), NULL, NULL));
    OK(ampoule_chart_import_content(copy, &told, AMPOULE_TEXT(path), NULL, NULL));
    OK(ampoule_chart_file(copy, &id, &file));
    OK(ampoule_file_read_at(file, 1000, some, sizeof some, &read));
    CHECK(read == sizeof some && memcmp(some, bytes + 1000, read) == 0);
    CHECK(remove(path) == 0);
    free(bytes);
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_buffer_free(&missing));
    CLOSE(file, writer, info, grant, copy, chart, to, from, clinic, lee);
}

static void people_talk_in_one_order(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_thread *thread = NULL, *same = NULL;
    ampoule_threads *threads = NULL;
    ampoule_thread_info info;
    ampoule_message *question = NULL, *answer = NULL, *changed = NULL;
    ampoule_messages *messages = NULL, *before = NULL;
    ampoule_posted *posted = NULL;
    ampoule_posted_info said;
    ampoule_entry_id first, second, again, scan, opened, attached;
    ampoule_version_id version;
    const char *text = NULL;
    size_t len = 0, count = 0;
    uint32_t voice = 0;
    bool told = false;
    OK(ampoule_vault_create_chart(vault, &chart));
    scan = put_note(chart, "scan");
    GIVES(AMPOULE_STATUS_INVALID_LABEL, ampoule_chart_start_thread(chart, AMPOULE_TEXT("Knee pain"), AMPOULE_TEXT(""), &thread));
    OK(ampoule_chart_start_thread(chart, AMPOULE_TEXT("Knee pain"), AMPOULE_TEXT("general"), &thread));
    OK(ampoule_thread_get_id(thread, &opened));
    OK(ampoule_message_new(AMPOULE_TEXT("Does it hurt at night?"), &question));
    OK(ampoule_message_attach(question, &scan, 0));
    OK(ampoule_message_attach(question, &scan, 1500));
    OK(ampoule_thread_send_once(thread, AMPOULE_TEXT("key"), question, &first));
    OK(ampoule_thread_send_once(thread, AMPOULE_TEXT("key"), question, &again));
    CHECK(memcmp(&first, &again, sizeof first) == 0);
    OK(ampoule_message_new(AMPOULE_TEXT("Yes"), &answer));
    OK(ampoule_message_set_reply_to(answer, &first));
    OK(ampoule_thread_send(thread, answer, &second));
    OK(ampoule_message_new(AMPOULE_TEXT("Yes, at night"), &changed));
    OK(ampoule_thread_edit(thread, &second, changed, &version));
    OK(ampoule_thread_react(thread, &first, AMPOULE_TEXT("\xf0\x9f\x91\x8d")));
    OK(ampoule_thread_react(thread, &first, AMPOULE_TEXT("?")));
    OK(ampoule_thread_take_back(thread, &first, AMPOULE_TEXT("?")));
    OK(ampoule_thread_acknowledge(thread, &second, AMPOULE_RECEIPT_READ, &told));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_thread_acknowledge(thread, &second, 3, &told));

    OK(ampoule_chart_thread(chart, &opened, &same));
    OK(ampoule_thread_last(same, 50, &messages));
    OK(ampoule_messages_count(messages, &count));
    REQUIRE(count == 2);
    OK(ampoule_messages_at(messages, 0, &posted));
    OK(ampoule_posted_get_info(posted, &said));
    CHECK(said.attachments == 2 && said.reactions == 1 && !said.is_reply && said.known == AMPOULE_KNOWN_OWN);
    OK(ampoule_posted_text(posted, &text, &len));
    CHECK(len == strlen("Does it hurt at night?") && memcmp(text, "Does it hurt at night?", len) == 0);
    OK(ampoule_posted_author(posted, &text, &len));
    CHECK(len == 7 && memcmp(text, "Dr. Lee", len) == 0);
    OK(ampoule_posted_reaction(posted, 0, &text, &len));
    CHECK(len == 4);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_posted_reaction(posted, 1, &text, &len));
    OK(ampoule_posted_attachment(posted, 1, &attached, NULL, &voice));
    CHECK(voice == 1500 && memcmp(&attached, &scan, sizeof scan) == 0);
    CLOSE(posted);
    OK(ampoule_messages_at(messages, 1, &posted));
    OK(ampoule_posted_get_info(posted, &said));
    CHECK(said.is_reply && memcmp(&said.reply_to, &first, sizeof first) == 0);
    CHECK(said.revision == AMPOULE_REVISION_EDITED && !said.gap && !said.misdated);
    OK(ampoule_thread_before(thread, posted, 50, &before));
    OK(ampoule_messages_count(before, &count));
    CHECK(count == 1);
    OK(ampoule_thread_delete(thread, &second, &version));
    OK(ampoule_chart_threads(chart, &threads));
    OK(ampoule_threads_count(threads, &count));
    CHECK(count == 1);
    OK(ampoule_threads_at(threads, 0, &info, &text, &len));
    CHECK(info.messages == 2 && len == 9 && memcmp(text, "Knee pain", len) == 0);
    CLOSE(threads, before, posted, messages, question, answer, changed, same, thread, chart, vault);
}

static void a_batch_is_made_as_a_whole_or_not_at_all(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1), *other = vault_of("Dr. Who", 2);
    ampoule_chart *one = NULL, *two = NULL;
    ampoule_batch *batch = NULL;
    ampoule_record *record = note("new");
    ampoule_matches *matches = NULL;
    ampoule_buffer ids;
    ampoule_entry_id known, unknown, made;
    size_t count = 0;
    memset(&unknown, 9, sizeof unknown);
    OK(ampoule_vault_create_chart(vault, &one));
    OK(ampoule_vault_create_chart(vault, &two));
    known = put_note(one, "old");
    OK(ampoule_batch_new(&batch));
    OK(ampoule_batch_put(batch, one, record));
    OK(ampoule_batch_put(batch, two, record));
    OK(ampoule_batch_update(batch, one, &known, record));
    OK(ampoule_vault_run(vault, batch, &ids));
    REQUIRE(ids.len == 3 * sizeof made);
    memcpy(&made, ids.data + sizeof made, sizeof made);
    CHECK(holds(two, made, "new") && holds(one, known, "new"));
    OK(ampoule_buffer_free(&ids));
    /* One change that cannot be made, and none is. */
    OK(ampoule_batch_delete(batch, one, &unknown));
    GIVES(AMPOULE_STATUS_UNKNOWN_ENTRY, ampoule_vault_run(vault, batch, &ids));
    OK(ampoule_chart_list(two, &matches));
    OK(ampoule_matches_count(matches, &count));
    CHECK(count == 1);
    CHECK(ampoule_vault_run(other, batch, &ids) != AMPOULE_STATUS_OK);
    CLOSE(matches, record, batch, one, two, vault, other);
}

const test file_tests[] = {
    {"a_file_is_pushed_in_pieces_and_pulled_at_any_place", a_file_is_pushed_in_pieces_and_pulled_at_any_place},
    {"a_file_goes_from_path_to_path_and_can_be_ended", a_file_goes_from_path_to_path_and_can_be_ended},
    {"a_bundle_names_files_whose_content_follows", a_bundle_names_files_whose_content_follows},
    {"people_talk_in_one_order", people_talk_in_one_order},
    {"a_batch_is_made_as_a_whole_or_not_at_all", a_batch_is_made_as_a_whole_or_not_at_all},
    {NULL, NULL},
};
