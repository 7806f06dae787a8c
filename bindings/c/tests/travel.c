/* What leaves and comes: content that breaks off, folders, charts in the clear, SMART Health Links. */
#include "harness.h"

#include <sys/stat.h>

static int is_text(const char *text, size_t len, const char *should) {
    return len == strlen(should) && memcmp(text, should, len) == 0;
}

static bool stop(void *ctx, uint64_t done) {
    (void)ctx;
    (void)done;
    return false;
}

static void write_file(const char *path, const char *content) {
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL);
    CHECK(fwrite(content, 1, strlen(content), file) == strlen(content) && fclose(file) == 0);
}

/* Another folder for each run of this program. */
static const char *fresh_folder(const char *name) {
    static char path[4200];
    static unsigned number;
    do snprintf(path, sizeof path, "%s.%u", fresh_path(name), number++);
    while (mkdir(path, 0700) != 0);
    return path;
}

static void a_content_that_broke_off_goes_on(void) {
    static uint8_t content[300000], sealed[400000];
    static char here[4300], there[4300];
    ampoule_store *store = NULL, *other = NULL;
    ampoule_vault *clinic, *lee;
    ampoule_contact *to, *from;
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_grant *grant = NULL;
    ampoule_record *info = NULL;
    ampoule_file_writer *writer = NULL;
    ampoule_file *file = NULL;
    ampoule_sealed_content *sending = NULL;
    ampoule_content_receiver *receiver = NULL;
    ampoule_buffer bundle, missing, range;
    ampoule_applied applied;
    ampoule_entry_id entry;
    ampoule_version_id version;
    uint64_t total = 0, offset = 0, of = 0;
    size_t read = 0, i;
    for (i = 0; i < sizeof content; i++) content[i] = (uint8_t)(i % 253);
    snprintf(here, sizeof here, "%s/store", fresh_folder("here"));
    snprintf(there, sizeof there, "%s/store", fresh_folder("there"));
    OK(ampoule_store_sqlite(AMPOULE_TEXT(here), &store));
    OK(ampoule_store_sqlite(AMPOULE_TEXT(there), &other));
    clinic = vault_in(store, "Riverside Clinic", 1);
    lee = vault_in(other, "Dr. Lee", 2);
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_record_new(AMPOULE_TEXT("image/jpeg"), NULL, 0, &info));
    OK(ampoule_chart_create_file(chart, info, &writer));
    OK(ampoule_file_writer_update(writer, content, sizeof content));
    OK(ampoule_file_writer_finish(writer, &entry, &version));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_READ, &grant));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_chart_export(chart, to, NULL, 0, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    OK(ampoule_chart_missing_content(copy, &missing));
    CHECK(missing.len == sizeof version && memcmp(missing.data, &version, sizeof version) == 0);
    OK(ampoule_buffer_free(&missing));

    OK(ampoule_chart_sealed_content(chart, &version, &sending));
    OK(ampoule_sealed_content_len(sending, &total));
    REQUIRE(total > sizeof content && total <= sizeof sealed);
    OK(ampoule_sealed_content_read_at(sending, 0, sealed, sizeof sealed, &read));
    CHECK(read == total);
    OK(ampoule_sealed_content_read_at(sending, total, sealed, 1, &read));
    CHECK(read == 0);
    OK(ampoule_sealed_content_read_at(sending, 0, sealed, sizeof sealed, &read));

    OK(ampoule_chart_receive_content(copy, &version, &receiver));
    OK(ampoule_content_receiver_wants(receiver, &offset, &of));
    CHECK(offset == 0 && of == total);
    OK(ampoule_content_receiver_update(receiver, sealed, 200000));
    CLOSE(receiver);
    OK(ampoule_chart_receive_content(copy, &version, &receiver));
    OK(ampoule_content_receiver_wants(receiver, &offset, &of));
    CHECK(offset > 0 && offset <= 200000);
    /* Not the author's bytes. */
    sealed[offset + 20] ^= 1;
    {
        ampoule_status status = (ampoule_status)ampoule_content_receiver_update(receiver, sealed + offset, (size_t)(total - offset));
        if (status == AMPOULE_STATUS_OK) status = (ampoule_status)ampoule_content_receiver_finish(receiver);
        CHECK(status == AMPOULE_STATUS_DAMAGED_CONTENT);
    }
    CLOSE(receiver);
    sealed[offset + 20] ^= 1;
    OK(ampoule_chart_receive_content(copy, &version, &receiver));
    OK(ampoule_content_receiver_wants(receiver, &offset, &of));
    OK(ampoule_content_receiver_update(receiver, sealed + offset, (size_t)(total - offset)));
    OK(ampoule_content_receiver_finish(receiver));
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_content_receiver_finish(receiver));
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_content_receiver_discard(receiver));
    GIVES(AMPOULE_STATUS_CANCELLED, ampoule_content_receiver_wants(receiver, &offset, &of));
    GIVES(AMPOULE_STATUS_CONTENT_HERE, ampoule_chart_receive_content(copy, &version, &receiver));
    OK(ampoule_chart_file(copy, &entry, &file));
    OK(ampoule_file_read_range(file, 250000, 10, &range));
    CHECK(range.len == 10 && memcmp(range.data, content + 250000, 10) == 0);
    OK(ampoule_buffer_free(&range));
    CLOSE(file, receiver, sending, writer, info, grant, copy, chart, to, from, clinic, lee, store, other);
}

static void a_folder_goes_in_and_comes_out(void) {
    static char from[4300], path[4400], out[4300];
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_record *info = NULL;
    ampoule_outcomes *outcomes = NULL;
    ampoule_entry_id id, again, first;
    const char *text = NULL;
    size_t count = 0, len = 0, i;
    uint32_t status = 0;
    strcpy(from, fresh_folder("scans"));
    snprintf(path, sizeof path, "%s/one.txt", from);
    write_file(path, "first");
    snprintf(path, sizeof path, "%s/two.txt", from);
    write_file(path, "second");
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_record_new(AMPOULE_TEXT("text/plain"), NULL, 0, &info));
    OK(ampoule_chart_import_folder(chart, info, AMPOULE_TEXT(from), NULL, NULL, &outcomes));
    OK(ampoule_outcomes_count(outcomes, &count));
    REQUIRE(count == 2);
    OK(ampoule_outcomes_at(outcomes, 0, &status, &first, &text, &len));
    CHECK(status == AMPOULE_STATUS_OK && is_text(text, len, "one.txt"));
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_outcomes_at(outcomes, 2, &status, &id, &text, &len));
    CLOSE(outcomes);
    snprintf(out, sizeof out, "%s/out", fresh_folder("out"));
    OK(ampoule_chart_export_folder(chart, AMPOULE_TEXT(out), NULL, NULL, &outcomes));
    OK(ampoule_outcomes_count(outcomes, &count));
    CHECK(count == 2);
    CLOSE(outcomes);
    /* Nothing is written over. */
    OK(ampoule_chart_export_folder(chart, AMPOULE_TEXT(out), NULL, NULL, &outcomes));
    for (i = 0; i < 2; i++) {
        OK(ampoule_outcomes_at(outcomes, i, &status, &id, &text, &len));
        CHECK(status == AMPOULE_STATUS_FILE_EXISTS && len == 0);
    }
    OK(ampoule_outcomes_at(outcomes, 0, &status, &id, &text, &len));
    CHECK(memcmp(&id, &first, sizeof id) == 0);
    CLOSE(outcomes);
    GIVES(AMPOULE_STATUS_CANNOT_READ, ampoule_chart_import_folder(chart, info, AMPOULE_TEXT("/no/such/folder"), NULL, NULL, &outcomes));
    /* One file, once for each key. */
    snprintf(path, sizeof path, "%s/one.txt", from);
    GIVES(AMPOULE_STATUS_CANCELLED,
          ampoule_chart_put_path_once(chart, AMPOULE_TEXT("scan 1"), info, AMPOULE_TEXT(path), stop, NULL, &id));
    OK(ampoule_chart_put_path_once(chart, AMPOULE_TEXT("scan 1"), info, AMPOULE_TEXT(path), NULL, NULL, &id));
    OK(ampoule_chart_put_path_once(chart, AMPOULE_TEXT("scan 1"), info, AMPOULE_TEXT(path), stop, NULL, &again));
    CHECK(memcmp(&id, &again, sizeof id) == 0);
    CLOSE(info, chart, vault);
}

static void a_chart_leaves_for_its_patient_and_comes_back(void) {
    static const char fhir[] = "{\"resourceType\":\"Patient\",\"id\":\"ana\"}";
    static char folder[4300];
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_record *record = NULL;
    ampoule_entry_id id;
    ampoule_exported exported;
    ampoule_buffer lines;
    uint64_t records = 0, files = 9;
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_record_of_fhir((const uint8_t *)fhir, sizeof fhir - 1, &record));
    OK(ampoule_chart_put(chart, record, &id));
    snprintf(folder, sizeof folder, "%s/ana", fresh_folder("patient"));
    GIVES(AMPOULE_STATUS_INVALID_REASON, ampoule_chart_export_for_patient(chart, NULL, 0, AMPOULE_TEXT(folder), NULL, NULL, &exported));
    GIVES(AMPOULE_STATUS_CANCELLED,
          ampoule_chart_export_for_patient(chart, AMPOULE_TEXT("to Ana"), AMPOULE_TEXT(folder), stop, NULL, &exported));
    OK(ampoule_chart_export_for_patient(chart, AMPOULE_TEXT("to Ana, who asked for it"), AMPOULE_TEXT(folder), NULL, NULL, &exported));
    CHECK(exported.records == 1 && exported.files == 0 && exported.unreadable == 0 && exported.kept_apart == 0);
    GIVES(AMPOULE_STATUS_FILE_EXISTS,
          ampoule_chart_export_for_patient(chart, AMPOULE_TEXT("again"), AMPOULE_TEXT(folder), NULL, NULL, &exported));
    OK(ampoule_vault_create_chart(vault, &copy));
    GIVES(AMPOULE_STATUS_CANCELLED,
          ampoule_chart_import_from_patient(copy, AMPOULE_TEXT(folder), stop, NULL, &records, &files));
    OK(ampoule_chart_import_from_patient(copy, AMPOULE_TEXT(folder), NULL, NULL, &records, &files));
    CHECK(records == 1 && files == 0);
    GIVES(AMPOULE_STATUS_CANNOT_READ, ampoule_chart_import_from_patient(copy, AMPOULE_TEXT("/no/such/folder"), NULL, NULL, &records, &files));
    OK(ampoule_vault_audit(vault, &lines));
    CHECK(!is_nowhere(lines.data, lines.len, "who asked for it"));
    OK(ampoule_buffer_free(&lines));
    CLOSE(record, copy, chart, vault);
}

static void a_health_link_is_made_and_opened(void) {
    static const char resource[] = "{\"resourceType\":\"AllergyIntolerance\"}";
    ampoule_link *link = NULL, *read = NULL, *other = NULL;
    ampoule_link_info info;
    ampoule_manifest *manifest = NULL;
    ampoule_buffer text, served, url, body, media_type, content, label, jwe;
    const char *location = NULL;
    size_t count = 0, len = 9;
    memset(&info, 0, sizeof info);
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_link_new(AMPOULE_TEXT("http://example.org"), &link));
    OK(ampoule_link_new(AMPOULE_TEXT("https://example.org/links"), &link));
    info.passcode = info.single_file = true;
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_link_set_info(link, &info));
    info.single_file = false;
    info.ends_s = 1900000000;
    OK(ampoule_link_set_info(link, &info));
    OK(ampoule_link_set_label(link, AMPOULE_TEXT("Allergies")));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_link_seal(link, AMPOULE_TEXT("no type"), (const uint8_t *)resource, 1, NULL));
    GIVES(AMPOULE_STATUS_INVALID_VALUE, ampoule_link_manifest(link, &served));
    OK(ampoule_link_seal(link, AMPOULE_TEXT("application/fhir+json"), (const uint8_t *)resource, sizeof resource - 1, &jwe));
    OK(ampoule_link_manifest(link, &served));
    CHECK(is_nowhere(served.data, served.len, "Allergy"));
    OK(ampoule_link_text(link, &text));

    GIVES(AMPOULE_STATUS_NOT_LINK, ampoule_link_parse(AMPOULE_TEXT("https://example.org"), 0, &read));
    GIVES(AMPOULE_STATUS_LINK_ENDED, ampoule_link_parse((const char *)text.data, text.len, 1900000001, &read));
    OK(ampoule_link_parse((const char *)text.data, text.len, 1800000000, &read));
    OK(ampoule_link_get_info(read, &info));
    CHECK(info.passcode && !info.single_file && !info.long_term && info.ends_s == 1900000000);
    OK(ampoule_link_label(read, &label));
    CHECK(is_text((const char *)label.data, label.len, "Allergies"));
    GIVES(AMPOULE_STATUS_PASSCODE_NEEDED, ampoule_link_request(read, AMPOULE_TEXT("Dr. Lee"), NULL, 0, &url, &body));
    OK(ampoule_link_request(read, AMPOULE_TEXT("Dr. Lee"), AMPOULE_TEXT("4711"), &url, &body));
    CHECK(is_nowhere(url.data, url.len, "4711") && !is_nowhere(body.data, body.len, "4711"));
    GIVES(AMPOULE_STATUS_NOT_LINK, ampoule_link_read_manifest(read, (const uint8_t *)"{}", 2, &manifest));
    OK(ampoule_link_read_manifest(read, served.data, served.len, &manifest));
    OK(ampoule_manifest_count(manifest, &count));
    CHECK(count == 1);
    OK(ampoule_manifest_location(manifest, 0, &location, &len));
    CHECK(len == 0);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_manifest_location(manifest, 1, &location, &len));
    OK(ampoule_link_open(read, manifest, 0, NULL, 0, &media_type, &content));
    CHECK(is_text((const char *)media_type.data, media_type.len, "application/fhir+json"));
    CHECK(is_text((const char *)content.data, content.len, resource));
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_link_open(read, manifest, 1, NULL, 0, &media_type, &content));
    OK(ampoule_link_new(AMPOULE_TEXT("https://example.org/links"), &other));
    {
        ampoule_buffer no_type, no_content;
        GIVES(AMPOULE_STATUS_LINK_UNOPENABLE, ampoule_link_open(other, manifest, 0, NULL, 0, &no_type, &no_content));
        GIVES(AMPOULE_STATUS_NOT_LINK, ampoule_link_open_file(other, jwe.data, jwe.len, &no_type, &no_content));
        OK(ampoule_buffer_free(&media_type));
        OK(ampoule_buffer_free(&content));
        /* A link to one file. */
        memset(&info, 0, sizeof info);
        info.single_file = true;
        OK(ampoule_link_set_info(other, &info));
        OK(ampoule_buffer_free(&jwe));
        OK(ampoule_link_seal(other, AMPOULE_TEXT("application/fhir+json"), (const uint8_t *)resource, sizeof resource - 1, &jwe));
        OK(ampoule_link_open_file(other, jwe.data, jwe.len, &media_type, &content));
        CHECK(is_text((const char *)content.data, content.len, resource));
    }
    OK(ampoule_buffer_free(&text));
    OK(ampoule_buffer_free(&served));
    OK(ampoule_buffer_free(&url));
    OK(ampoule_buffer_free(&body));
    OK(ampoule_buffer_free(&media_type));
    OK(ampoule_buffer_free(&content));
    OK(ampoule_buffer_free(&label));
    OK(ampoule_buffer_free(&jwe));
    CLOSE(manifest, link, read, other);
}

const test travel_tests[] = {
    {"a_content_that_broke_off_goes_on", a_content_that_broke_off_goes_on},
    {"a_folder_goes_in_and_comes_out", a_folder_goes_in_and_comes_out},
    {"a_chart_leaves_for_its_patient_and_comes_back", a_chart_leaves_for_its_patient_and_comes_back},
    {"a_health_link_is_made_and_opened", a_health_link_is_made_and_opened},
    {NULL, NULL},
};
