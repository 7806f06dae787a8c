/* What an entry, a message and a list say in detail, and what a batch can do besides. */
#include "harness.h"

static int is_text(const char *text, size_t len, const char *should) {
    return len == strlen(should) && memcmp(text, should, len) == 0;
}

static int frees_text(ampoule_buffer buffer, const char *should) {
    const int same = is_text((const char *)buffer.data, buffer.len, should);
    OK(ampoule_buffer_free(&buffer));
    return same;
}

static void an_entry_says_what_finds_it(void) {
    ampoule_vault *vault = vault_of("Riverside EHR", 1), *acting = NULL;
    ampoule_chart *own = NULL, *chart = NULL;
    ampoule_chart_id chart_id;
    ampoule_record *record = note("Blood pressure 120/80");
    ampoule_entry *entry = NULL;
    ampoule_entry_id id;
    ampoule_version_id first, second;
    ampoule_entry_info info;
    ampoule_buffer words, issuer, session, purpose, parents;
    const char *text = NULL, *system = NULL;
    size_t len = 0, system_len = 0;
    int64_t start = 0, end = 0;
    OK(ampoule_vault_create_chart(vault, &own));
    OK(ampoule_chart_get_id(own, &chart_id));
    OK(ampoule_vault_acting_for(vault, AMPOULE_TEXT("urn:directory"), AMPOULE_TEXT("nurse"), AMPOULE_TEXT("s1"),
                                AMPOULE_TEXT("TREAT"), &acting));
    OK(ampoule_vault_chart(acting, &chart_id, &chart));
    OK(ampoule_record_set_label(record, AMPOULE_TEXT("hiv")));
    OK(ampoule_record_add_code(record, AMPOULE_TEXT("http://loinc.org"), AMPOULE_TEXT("85354-9")));
    OK(ampoule_record_add_dates(record, 1700000000, 1700000060));
    OK(ampoule_chart_put(chart, record, &id));
    OK(ampoule_chart_get(chart, &id, &entry));
    OK(ampoule_entry_get_info(entry, &info));
    first = info.version;
    OK(ampoule_entry_label(entry, &text, &len));
    CHECK(is_text(text, len, "hiv"));
    OK(ampoule_entry_kind(entry, &text, &len));
    CHECK(is_text(text, len, "Note"));
    OK(ampoule_entry_code(entry, 0, &system, &system_len, &text, &len));
    CHECK(is_text(system, system_len, "http://loinc.org") && is_text(text, len, "85354-9"));
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_entry_code(entry, 1, &system, &system_len, &text, &len));
    OK(ampoule_entry_dates(entry, 0, &start, &end));
    CHECK(start == 1700000000 && end == 1700000060);
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_entry_dates(entry, 1, &start, &end));
    OK(ampoule_entry_words(entry, &words));
    CHECK(!is_nowhere(words.data, words.len, "pressure"));
    OK(ampoule_buffer_free(&words));
    OK(ampoule_entry_parents(entry, &parents));
    CHECK(parents.len == 0);
    OK(ampoule_buffer_free(&parents));
    OK(ampoule_entry_actor(entry, &issuer, &session, &purpose));
    CHECK(frees_text(issuer, "urn:directory") && frees_text(session, "s1") && frees_text(purpose, "TREAT"));
    OK(ampoule_entry_actor(entry, NULL, NULL, NULL));
    CLOSE(entry);
    OK(ampoule_chart_update(chart, &id, record, &second));
    OK(ampoule_chart_get(chart, &id, &entry));
    OK(ampoule_entry_parents(entry, &parents));
    CHECK(parents.len == sizeof first && memcmp(parents.data, &first, sizeof first) == 0);
    OK(ampoule_buffer_free(&parents));
    CLOSE(entry, record, chart, own, acting, vault);
}

static void a_batch_does_what_a_chart_does(void) {
    ampoule_vault *vault = vault_of("Riverside EHR", 1);
    ampoule_chart *chart = NULL;
    ampoule_batch *batch = NULL;
    ampoule_record *record = note("No allergies");
    ampoule_entry *read = NULL;
    ampoule_entry_id id, once[2];
    ampoule_buffer ids;
    ampoule_matches *matches = NULL;
    const char *text = NULL;
    size_t count = 9, len = 0;
    OK(ampoule_vault_create_chart(vault, &chart));
    id = put_note(chart, "Allergic to penicillin");
    OK(ampoule_chart_get(chart, &id, &read));
    OK(ampoule_batch_new(&batch));
    OK(ampoule_batch_acting_for(batch, AMPOULE_TEXT("urn:directory"), AMPOULE_TEXT("nurse"), AMPOULE_TEXT("s1"),
                                AMPOULE_TEXT("TREAT")));
    OK(ampoule_batch_put_once(batch, chart, AMPOULE_TEXT("key"), record));
    OK(ampoule_batch_update_from(batch, chart, read, record));
    OK(ampoule_vault_run(vault, batch, &ids));
    REQUIRE(ids.len == 3 * 16);
    memcpy(&once[0], ids.data + 16, 16);
    OK(ampoule_buffer_free(&ids));
    CHECK(holds(chart, id, "No allergies") && holds(chart, once[0], "No allergies"));
    CLOSE(read);
    OK(ampoule_chart_get(chart, &id, &read));
    OK(ampoule_entry_actor_subject(read, &text, &len));
    CHECK(is_text(text, len, "nurse"));
    CLOSE(batch);
    OK(ampoule_batch_new(&batch));
    OK(ampoule_batch_put_once(batch, chart, AMPOULE_TEXT("key"), record));
    OK(ampoule_batch_resolve(batch, chart, &id, record));
    OK(ampoule_vault_run(vault, batch, &ids));
    memcpy(&once[1], ids.data, 16);
    OK(ampoule_buffer_free(&ids));
    CHECK(memcmp(&once[0], &once[1], sizeof once[0]) == 0);
    OK(ampoule_chart_list(chart, &matches));
    OK(ampoule_matches_damaged(matches, &count));
    CHECK(count == 0);
    CLOSE(matches, batch, read, record, chart, vault);
}

static void a_message_says_who_has_it(void) {
    ampoule_vault *clinic = vault_of("Riverside Clinic", 1), *lee = vault_of("Dr. Lee", 2);
    ampoule_contact *to, *from;
    ampoule_chart *chart = NULL, *copy = NULL;
    ampoule_grant *grant = NULL;
    ampoule_thread *thread = NULL, *his = NULL;
    ampoule_message *message = NULL;
    ampoule_posted *posted = NULL;
    ampoule_author author;
    ampoule_receipt receipt;
    ampoule_entry_id id, thread_id, of;
    ampoule_contact_info info;
    ampoule_buffer bundle, subject;
    ampoule_applied applied;
    const char *name = NULL;
    size_t len = 0;
    introduce(clinic, lee, &to, &from);
    OK(ampoule_vault_create_chart(clinic, &chart));
    OK(ampoule_grant_new(AMPOULE_RIGHTS_WRITE, &grant));
    OK(ampoule_chart_share(chart, to, grant, NULL));
    OK(ampoule_chart_start_thread(chart, AMPOULE_TEXT("Knee"), AMPOULE_TEXT("general"), &thread));
    OK(ampoule_thread_get_id(thread, &thread_id));
    OK(ampoule_message_new(AMPOULE_TEXT("Please look at this"), &message));
    OK(ampoule_thread_send(thread, message, &id));
    OK(ampoule_chart_export(chart, to, NULL, 0, &bundle));
    OK(ampoule_vault_import(lee, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_vault_chart(lee, &applied.chart, &copy));
    OK(ampoule_chart_message(copy, &id, &posted));
    OK(ampoule_posted_get_author(posted, &author));
    OK(ampoule_contact_get_info(from, &info));
    CHECK(author.known == AMPOULE_KNOWN_VERIFIED && author.is_contact && author.imitates == 0 && !author.imitates_owner);
    CHECK(memcmp(&author.contact, &info.id, sizeof info.id) == 0);
    OK(ampoule_posted_thread(posted, &of));
    CHECK(memcmp(&of, &thread_id, sizeof of) == 0);
    OK(ampoule_posted_actor_subject(posted, &subject));
    CHECK(frees_text(subject, ""));
    CLOSE(posted);
    OK(ampoule_chart_thread(copy, &thread_id, &his));
    OK(ampoule_thread_react(his, &id, AMPOULE_TEXT("+1")));
    OK(ampoule_thread_acknowledge(his, &id, AMPOULE_RECEIPT_READ, NULL));
    OK(ampoule_chart_message(copy, &id, &posted));
    OK(ampoule_posted_reaction_author(posted, 0, &author, &name, &len));
    CHECK(author.known == AMPOULE_KNOWN_OWN && is_text(name, len, "Dr. Lee"));
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_posted_reaction_author(posted, 1, &author, &name, &len));
    CLOSE(posted);
    OK(ampoule_chart_export(copy, from, NULL, 0, &bundle));
    OK(ampoule_vault_import(clinic, bundle.data, bundle.len, &applied, NULL, NULL));
    OK(ampoule_buffer_free(&bundle));
    OK(ampoule_chart_message(chart, &id, &posted));
    OK(ampoule_posted_receipt(posted, 0, &receipt, &author, &name, &len));
    CHECK(receipt == AMPOULE_RECEIPT_READ && is_text(name, len, "Dr. Lee"));
    GIVES(AMPOULE_STATUS_OUT_OF_RANGE, ampoule_posted_receipt(posted, 1, &receipt, &author, &name, &len));
    GIVES(AMPOULE_STATUS_UNKNOWN_ENTRY, ampoule_chart_message(chart, (const ampoule_entry_id *)applied.chart.bytes, &posted));
    CLOSE(posted, message, his, thread, grant, copy, chart, to, from, clinic, lee);
}

static void a_store_waits_as_long_as_it_is_told(void) {
    static char path[4096];
    ampoule_store *store = NULL;
    ampoule_buffer broken;
    strcpy(path, fresh_path("options.db"));
    OK(ampoule_store_sqlite_with(AMPOULE_TEXT(path), 200, true, &store));
    OK(ampoule_store_check(store, &broken));
    CHECK(broken.len == 0);
    OK(ampoule_buffer_free(&broken));
    CLOSE(store);
}

static void a_preview_is_of_its_version(void) {
    ampoule_vault *vault = vault_of("Dr. Lee", 1);
    ampoule_chart *chart = NULL;
    ampoule_record *info = NULL;
    ampoule_file_writer *writer = NULL;
    ampoule_entry_id id;
    ampoule_version_id version;
    ampoule_buffer media_type, content;
    OK(ampoule_vault_create_chart(vault, &chart));
    OK(ampoule_record_new(AMPOULE_TEXT("image/jpeg"), NULL, 0, &info));
    OK(ampoule_record_set_preview(info, AMPOULE_TEXT("image/png"), (const uint8_t *)"small", 5));
    OK(ampoule_chart_create_file(chart, info, &writer));
    OK(ampoule_file_writer_finish(writer, &id, &version));
    OK(ampoule_chart_preview_version(chart, &version, &media_type, &content));
    CHECK(frees_text(media_type, "image/png") && frees_text(content, "small"));
    CLOSE(writer, info, chart, vault);
}

const test detail_tests[] = {
    {"an_entry_says_what_finds_it", an_entry_says_what_finds_it},
    {"a_batch_does_what_a_chart_does", a_batch_does_what_a_chart_does},
    {"a_message_says_who_has_it", a_message_says_who_has_it},
    {"a_store_waits_as_long_as_it_is_told", a_store_waits_as_long_as_it_is_told},
    {"a_preview_is_of_its_version", a_preview_is_of_its_version},
    {NULL, NULL},
};
