/* Every function that takes a handle, with one that was closed. Where another argument is looked at first, its status. */
#include "harness.h"

#define CLOSED(call) GIVES(AMPOULE_STATUS_CLOSED_HANDLE, call)

/* Bytes to read, and a place for results, which nobody writes. */
static const uint8_t bytes[64] = {1};
static uint8_t place[512];

static void *closed(void) {
    ampoule_query *query = NULL;
    OK(ampoule_query_new(NULL, 0, &query));
    OK(ampoule_close(query));
    return query;
}

static uint32_t load(void *ctx, ampoule_rows *checkpoint) {
    (void)ctx;
    (void)checkpoint;
    return AMPOULE_STATUS_OK;
}

static uint32_t save(void *ctx, const uint8_t *checkpoint, size_t len) {
    (void)ctx;
    (void)checkpoint;
    return len == 0 ? AMPOULE_STATUS_OK : AMPOULE_STATUS_KEEPER_UNAVAILABLE;
}

static int64_t now(void *ctx) {
    (void)ctx;
    return 1;
}

static void tell(void *ctx, const ampoule_event *event) {
    (void)ctx;
    (void)event;
}

static void h56_a_closed_handle_is_a_status_of_vault(void) {
    void *gone = closed();
    CLOSED(ampoule_vault_export_audit((ampoule_vault *)gone, (ampoule_contact *)gone, (const ampoule_chart_id *)place,
        (ampoule_buffer *)place));
    CLOSED(ampoule_vault_read_audit((ampoule_vault *)gone, bytes, 1, (ampoule_audit_report **)place));
    CLOSED(ampoule_vault_checkpoint((ampoule_vault *)gone, (ampoule_buffer *)place));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_vault_witnessed((ampoule_vault *)gone, bytes, 1, "a", 1, bytes, 1,
        (bool *)place, (uint64_t *)place));
    CLOSED(ampoule_vault_run((ampoule_vault *)gone, (ampoule_batch *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_import((ampoule_vault *)gone, bytes, 1, (ampoule_applied *)place, (ampoule_buffer *)place,
        (ampoule_buffer *)place));
    CLOSED(ampoule_vault_add_contact((ampoule_vault *)gone, bytes, 1, (ampoule_contact **)place));
    CLOSED(ampoule_vault_contact((ampoule_vault *)gone, (const ampoule_contact_id *)place, (ampoule_contact **)place));
    CLOSED(ampoule_vault_contacts((ampoule_vault *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_devices((ampoule_vault *)gone, false, (ampoule_devices **)place));
    CLOSED(ampoule_vault_add_device((ampoule_vault *)gone, (ampoule_unlock *)gone, (ampoule_device_id *)place));
    CLOSED(ampoule_vault_retire_device((ampoule_vault *)gone, (const ampoule_device_id *)place, "a", 1));
    CLOSED(ampoule_vault_renew_device((ampoule_vault *)gone, "a", 1, (ampoule_device_id *)place));
    CLOSED(ampoule_vault_way_info((ampoule_vault *)gone, (const ampoule_way_id *)place, (ampoule_way_info *)place));
    CLOSED(ampoule_vault_format((ampoule_vault *)gone, (uint32_t *)place));
    CLOSED(ampoule_vault_left_behind((ampoule_vault *)gone, 1, (ampoule_devices **)place));
    CLOSED(ampoule_vault_raise_format((ampoule_vault *)gone, 1));
    CLOSED(ampoule_vault_verify_in_detail((ampoule_vault *)gone, NULL, NULL, (ampoule_report *)place,
        (ampoule_findings **)place));
    GIVES(AMPOULE_STATUS_DAMAGED_CARD, ampoule_vault_certify((ampoule_vault *)gone, bytes, 1, "a", 1, "a", 1, 1,
        (ampoule_buffer *)place));
    CLOSED(ampoule_vault_withdraw((ampoule_vault *)gone, bytes, 1, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_withdrawals((ampoule_vault *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_add_certificate((ampoule_vault *)gone, bytes, 1, (ampoule_contact **)place));
    CLOSED(ampoule_vault_add_withdrawals((ampoule_vault *)gone, bytes, 1, (ampoule_contact **)place));
    CLOSED(ampoule_vault_find_patients((ampoule_vault *)gone, "a", 1, "a", 1, (ampoule_patients **)place));
    CLOSED(ampoule_vault_find_identifier((ampoule_vault *)gone, "a", 1, "a", 1, "a", 1, (ampoule_patients **)place));
    CLOSED(ampoule_vault_create((ampoule_store *)gone, (ampoule_options *)gone, "a", 1, (ampoule_unlock *)gone, 1,
        (ampoule_unlock *)gone, (ampoule_vault **)place, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_open((ampoule_store *)gone, (ampoule_options *)gone, (ampoule_unlock *)gone,
        (ampoule_vault **)place));
    CLOSED(ampoule_vault_unlock((ampoule_vault *)gone, (ampoule_unlock *)gone));
    CLOSED(ampoule_vault_lock((ampoule_vault *)gone));
    CLOSED(ampoule_vault_is_locked((ampoule_vault *)gone, (bool *)place));
    CLOSED(ampoule_vault_get_id((ampoule_vault *)gone, (ampoule_vault_id *)place));
    CLOSED(ampoule_vault_card((ampoule_vault *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_acting_for((ampoule_vault *)gone, "a", 1, "a", 1, "a", 1, "a", 1, (ampoule_vault **)place));
    CLOSED(ampoule_vault_create_chart((ampoule_vault *)gone, (ampoule_chart **)place));
    GIVES(AMPOULE_STATUS_UNKNOWN_LABEL, ampoule_vault_create_chart_with((ampoule_vault *)gone, "a", 1,
        (ampoule_chart **)place));
    CLOSED(ampoule_vault_chart((ampoule_vault *)gone, (const ampoule_chart_id *)place, (ampoule_chart **)place));
    CLOSED(ampoule_vault_charts((ampoule_vault *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_freshness((ampoule_vault *)gone, (ampoule_freshness *)place));
    CLOSED(ampoule_vault_adopt_restored((ampoule_vault *)gone, "a", 1));
    CLOSED(ampoule_vault_add_way((ampoule_vault *)gone, (ampoule_unlock *)gone, (ampoule_way_id *)place));
    CLOSED(ampoule_vault_remove_way((ampoule_vault *)gone, (const ampoule_way_id *)place));
    CLOSED(ampoule_vault_ways((ampoule_vault *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_audit((ampoule_vault *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_vault_verify((ampoule_vault *)gone, (ampoule_report *)place));
    CLOSED(ampoule_vault_maintenance((ampoule_vault *)gone, (ampoule_dues **)place));
    CLOSED(ampoule_vault_run_maintenance((ampoule_vault *)gone, (size_t *)place));
}

static void h56_a_closed_handle_is_a_status_of_others(void) {
    void *gone = closed();
    CLOSED(ampoule_audit_report_get_info((ampoule_audit_report *)gone, (ampoule_audit_info *)place));
    CLOSED(ampoule_audit_report_from((ampoule_audit_report *)gone, (ampoule_contact **)place));
    CLOSED(ampoule_audit_report_lines((ampoule_audit_report *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_audit_report_log((ampoule_audit_report *)gone, 1, (ampoule_device_id *)place, (uint64_t *)place));
    CLOSED(ampoule_audit_report_follows((ampoule_audit_report *)gone, (ampoule_audit_report *)gone, (bool *)place));
    CLOSED(ampoule_posted_get_author((ampoule_posted *)gone, (ampoule_author *)place));
    CLOSED(ampoule_posted_reaction_author((ampoule_posted *)gone, 1, (ampoule_author *)place, (const char **)place,
        (size_t *)place));
    CLOSED(ampoule_posted_receipt((ampoule_posted *)gone, 1, (ampoule_receipt *)place, (ampoule_author *)place,
        (const char **)place, (size_t *)place));
    CLOSED(ampoule_posted_thread((ampoule_posted *)gone, (ampoule_entry_id *)place));
    CLOSED(ampoule_posted_actor_subject((ampoule_posted *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_batch_put((ampoule_batch *)gone, (ampoule_chart *)gone, (ampoule_record *)gone));
    CLOSED(ampoule_batch_update((ampoule_batch *)gone, (ampoule_chart *)gone, (const ampoule_entry_id *)place,
        (ampoule_record *)gone));
    CLOSED(ampoule_batch_delete((ampoule_batch *)gone, (ampoule_chart *)gone, (const ampoule_entry_id *)place));
    CLOSED(ampoule_batch_put_once((ampoule_batch *)gone, (ampoule_chart *)gone, "a", 1, (ampoule_record *)gone));
    CLOSED(ampoule_batch_update_from((ampoule_batch *)gone, (ampoule_chart *)gone, (ampoule_entry *)gone,
        (ampoule_record *)gone));
    CLOSED(ampoule_batch_resolve((ampoule_batch *)gone, (ampoule_chart *)gone, (const ampoule_entry_id *)place,
        (ampoule_record *)gone));
    CLOSED(ampoule_batch_acting_for((ampoule_batch *)gone, "a", 1, "a", 1, "a", 1, "a", 1));
    CLOSED(ampoule_options_set_event_sink((ampoule_options *)gone, tell, NULL, NULL));
    CLOSED(ampoule_options_set_clock((ampoule_options *)gone, now, NULL, NULL));
    CLOSED(ampoule_options_set_blob_folder((ampoule_options *)gone, "a", 1));
    CLOSED(ampoule_options_set_blobs((ampoule_options *)gone, (ampoule_blob_callbacks *)place, NULL, NULL));
    CLOSED(ampoule_contact_get_info((ampoule_contact *)gone, (ampoule_contact_info *)place));
    CLOSED(ampoule_contact_name((ampoule_contact *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_contact_fingerprint((ampoule_contact *)gone, (ampoule_buffer *)place, (ampoule_buffer *)place));
    CLOSED(ampoule_contact_verify((ampoule_contact *)gone, "a", 1));
    CLOSED(ampoule_contact_distrust((ampoule_contact *)gone));
    CLOSED(ampoule_contact_replace((ampoule_vault *)gone, (ampoule_contact *)gone, bytes, 1));
    CLOSED(ampoule_sealed_content_len((ampoule_sealed_content *)gone, (uint64_t *)place));
    CLOSED(ampoule_sealed_content_read_at((ampoule_sealed_content *)gone, 1, (uint8_t *)place, 1, (size_t *)place));
    CLOSED(ampoule_content_receiver_wants((ampoule_content_receiver *)gone, (uint64_t *)place, (uint64_t *)place));
    CLOSED(ampoule_content_receiver_update((ampoule_content_receiver *)gone, bytes, 1));
    CLOSED(ampoule_content_receiver_finish((ampoule_content_receiver *)gone));
    CLOSED(ampoule_content_receiver_discard((ampoule_content_receiver *)gone));
    CLOSED(ampoule_entry_label((ampoule_entry *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_entry_kind((ampoule_entry *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_entry_code((ampoule_entry *)gone, 1, (const char **)place, (size_t *)place, (const char **)place,
        (size_t *)place));
    CLOSED(ampoule_entry_dates((ampoule_entry *)gone, 1, (int64_t *)place, (int64_t *)place));
    CLOSED(ampoule_entry_words((ampoule_entry *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_entry_parents((ampoule_entry *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_entry_actor((ampoule_entry *)gone, (ampoule_buffer *)place, (ampoule_buffer *)place,
        (ampoule_buffer *)place));
    CLOSED(ampoule_devices_count((ampoule_devices *)gone, (size_t *)place));
    CLOSED(ampoule_devices_at((ampoule_devices *)gone, 1, (ampoule_device_info *)place, (const char **)place,
        (size_t *)place));
    CLOSED(ampoule_entry_get_info((ampoule_entry *)gone, (ampoule_entry_info *)place));
    CLOSED(ampoule_entry_content((ampoule_entry *)gone, (const uint8_t **)place, (size_t *)place));
    CLOSED(ampoule_entry_media_type((ampoule_entry *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_entry_name((ampoule_entry *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_entry_author((ampoule_entry *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_entry_actor_subject((ampoule_entry *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_entry_conflicts((ampoule_entry *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_history_count((ampoule_history *)gone, (size_t *)place));
    CLOSED(ampoule_history_at((ampoule_history *)gone, 1, (ampoule_entry **)place));
    CLOSED(ampoule_file_writer_update((ampoule_file_writer *)gone, bytes, 1));
    CLOSED(ampoule_file_writer_finish((ampoule_file_writer *)gone, (ampoule_entry_id *)place, (ampoule_version_id *)place));
    CLOSED(ampoule_file_writer_abandon((ampoule_file_writer *)gone));
    CLOSED(ampoule_file_len((ampoule_file *)gone, (uint64_t *)place));
    CLOSED(ampoule_file_entry((ampoule_file *)gone, (ampoule_entry **)place));
    CLOSED(ampoule_file_read_at((ampoule_file *)gone, 1, (uint8_t *)place, 1, (size_t *)place));
    CLOSED(ampoule_file_read_range((ampoule_file *)gone, 1, 1, (ampoule_buffer *)place));
    CLOSED(ampoule_file_export((ampoule_file *)gone, "a", 1, NULL, NULL));
    CLOSED(ampoule_findings_count((ampoule_findings *)gone, (size_t *)place));
    CLOSED(ampoule_findings_at((ampoule_findings *)gone, 1, (ampoule_finding *)place));
    CLOSED(ampoule_findings_not_here_count((ampoule_findings *)gone, (size_t *)place));
    CLOSED(ampoule_findings_not_here_at((ampoule_findings *)gone, 1, (ampoule_not_here *)place, (const char **)place,
        (size_t *)place));
    CLOSED(ampoule_member_create("a", 1, 1, 1, (ampoule_unlock *)gone, 1, (ampoule_unlock *)gone, 1,
        (ampoule_member **)place, (ampoule_buffer *)place));
    CLOSED(ampoule_member_open(bytes, 1, (ampoule_unlock *)gone, (ampoule_member **)place));
    CLOSED(ampoule_member_state((ampoule_member *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_member_card((ampoule_member *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_chart_keys_create((ampoule_member *)gone, 1, (ampoule_chart_keys **)place));
    CLOSED(ampoule_chart_keys_load(bytes, 1, (ampoule_member *)gone, (ampoule_chart_keys **)place));
    CLOSED(ampoule_chart_keys_state((ampoule_chart_keys *)gone, (ampoule_member *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_chart_keys_get_id((ampoule_chart_keys *)gone, (ampoule_chart_id *)place));
    CLOSED(ampoule_chart_keys_seal((ampoule_chart_keys *)gone, (ampoule_record *)gone, 1, (ampoule_buffer *)place));
    CLOSED(ampoule_chart_keys_seal_version((ampoule_chart_keys *)gone, (const ampoule_entry_id *)place,
        (const ampoule_version_id *)place, 1, (ampoule_record *)gone, 1, (ampoule_buffer *)place));
    CLOSED(ampoule_chart_keys_open((ampoule_chart_keys *)gone, bytes, 1, bytes, (ampoule_opened **)place));
    GIVES(AMPOULE_STATUS_UNOPENABLE, ampoule_chart_keys_rewrap((ampoule_chart_keys *)gone, bytes, 1,
        (ampoule_buffer *)place));
    GIVES(AMPOULE_STATUS_DAMAGED_CARD, ampoule_chart_keys_share((ampoule_chart_keys *)gone, bytes, 1, (ampoule_grant *)gone,
        1, (ampoule_chart_keys **)place));
    GIVES(AMPOULE_STATUS_DAMAGED_CARD, ampoule_chart_keys_revoke((ampoule_chart_keys *)gone, bytes, 1, 1,
        (ampoule_chart_keys **)place));
    CLOSED(ampoule_opened_get_info((ampoule_opened *)gone, (ampoule_opened_info *)place));
    CLOSED(ampoule_opened_content((ampoule_opened *)gone, (const uint8_t **)place, (size_t *)place));
    CLOSED(ampoule_opened_media_type((ampoule_opened *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_opened_parents((ampoule_opened *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_outcomes_count((ampoule_outcomes *)gone, (size_t *)place));
    CLOSED(ampoule_outcomes_at((ampoule_outcomes *)gone, 1, (uint32_t *)place, (ampoule_entry_id *)place,
        (const char **)place, (size_t *)place));
    CLOSED(ampoule_dicom_of_file((ampoule_file *)gone, (ampoule_dicom **)place));
    CLOSED(ampoule_record_set_dicom_terms((ampoule_record *)gone, (ampoule_dicom *)gone));
    CLOSED(ampoule_dicom_get_info((ampoule_dicom *)gone, (ampoule_dicom_info *)place));
    CLOSED(ampoule_dicom_frame((ampoule_dicom *)gone, 1, (uint64_t *)place, (uint64_t *)place));
    CLOSED(ampoule_options_set_keeper((ampoule_options *)gone, load, save, NULL, NULL));
    CLOSED(ampoule_link_get_info((ampoule_link *)gone, (ampoule_link_info *)place));
    CLOSED(ampoule_link_set_info((ampoule_link *)gone, (const ampoule_link_info *)place));
    CLOSED(ampoule_link_set_label((ampoule_link *)gone, "a", 1));
    CLOSED(ampoule_link_label((ampoule_link *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_link_text((ampoule_link *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_link_seal((ampoule_link *)gone, "a", 1, bytes, 1, (ampoule_buffer *)place));
    CLOSED(ampoule_link_manifest((ampoule_link *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_link_request((ampoule_link *)gone, "a", 1, "a", 1, (ampoule_buffer *)place, (ampoule_buffer *)place));
    CLOSED(ampoule_link_read_manifest((ampoule_link *)gone, bytes, 1, (ampoule_manifest **)place));
    CLOSED(ampoule_manifest_count((ampoule_manifest *)gone, (size_t *)place));
    CLOSED(ampoule_manifest_location((ampoule_manifest *)gone, 1, (const char **)place, (size_t *)place));
    CLOSED(ampoule_link_open((ampoule_link *)gone, (ampoule_manifest *)gone, 1, bytes, 1, (ampoule_buffer *)place,
        (ampoule_buffer *)place));
    CLOSED(ampoule_link_open_file((ampoule_link *)gone, bytes, 1, (ampoule_buffer *)place, (ampoule_buffer *)place));
    CLOSED(ampoule_options_set_kind((ampoule_options *)gone, 1));
    CLOSED(ampoule_options_set_suite((ampoule_options *)gone, 1));
    CLOSED(ampoule_options_also_accept((ampoule_options *)gone, 1));
    CLOSED(ampoule_options_set_audit((ampoule_options *)gone, 1));
    CLOSED(ampoule_options_set_receipts((ampoule_options *)gone, 1));
    CLOSED(ampoule_options_set_idle_lock((ampoule_options *)gone, 1));
    CLOSED(ampoule_options_set_threads((ampoule_options *)gone, 1));
    CLOSED(ampoule_options_set_checkpoint_file((ampoule_options *)gone, "a", 1));
    CLOSED(ampoule_contact_verified_through((ampoule_contact *)gone, (ampoule_contact **)place));
    CLOSED(ampoule_contact_directory_id((ampoule_contact *)gone, (ampoule_buffer *)place, (ampoule_buffer *)place));
    CLOSED(ampoule_contact_imitates((ampoule_contact *)gone, (bool *)place, (ampoule_buffer *)place));
    CLOSED(ampoule_patient_with_name((ampoule_patient *)gone, "a", 1, (ampoule_patient **)place));
    CLOSED(ampoule_patient_with_identifier((ampoule_patient *)gone, "a", 1, "a", 1, (ampoule_patient **)place));
    CLOSED(ampoule_patient_name((ampoule_patient *)gone, 1, (const char **)place, (size_t *)place));
    CLOSED(ampoule_patient_identifier((ampoule_patient *)gone, 1, (const char **)place, (size_t *)place,
        (const char **)place, (size_t *)place));
    CLOSED(ampoule_patient_birth_date((ampoule_patient *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_patients_count((ampoule_patients *)gone, (size_t *)place));
    CLOSED(ampoule_patients_at((ampoule_patients *)gone, 1, (ampoule_chart_id *)place, (ampoule_patient **)place));
    CLOSED(ampoule_quarantine_count((ampoule_quarantine *)gone, (size_t *)place));
    CLOSED(ampoule_quarantine_at((ampoule_quarantine *)gone, 1, (ampoule_quarantined *)place, (const char **)place,
        (size_t *)place));
    CLOSED(ampoule_query_add_code((ampoule_query *)gone, "a", 1, "a", 1));
    GIVES(AMPOULE_STATUS_INVALID_DATES, ampoule_query_set_dates((ampoule_query *)gone, 1, 1));
    CLOSED(ampoule_query_add_words((ampoule_query *)gone, "a", 1));
    CLOSED(ampoule_query_add_word_prefix((ampoule_query *)gone, "a", 1));
    CLOSED(ampoule_matches_count((ampoule_matches *)gone, (size_t *)place));
    CLOSED(ampoule_matches_at((ampoule_matches *)gone, 1, (ampoule_found *)place));
    CLOSED(ampoule_matches_are_complete((ampoule_matches *)gone, (bool *)place));
    CLOSED(ampoule_matches_damaged((ampoule_matches *)gone, (size_t *)place));
    CLOSED(ampoule_record_set_label((ampoule_record *)gone, "a", 1));
    CLOSED(ampoule_record_set_name((ampoule_record *)gone, "a", 1));
    CLOSED(ampoule_record_set_kind((ampoule_record *)gone, "a", 1));
    CLOSED(ampoule_record_add_code((ampoule_record *)gone, "a", 1, "a", 1));
    GIVES(AMPOULE_STATUS_INVALID_DATES, ampoule_record_add_dates((ampoule_record *)gone, 1, 1));
    CLOSED(ampoule_record_add_text((ampoule_record *)gone, "a", 1));
    CLOSED(ampoule_record_set_preview((ampoule_record *)gone, "a", 1, bytes, 1));
    CLOSED(ampoule_rows_add((ampoule_rows *)gone, bytes, 1, bytes, 1));
    CLOSED(ampoule_shares_count((ampoule_shares *)gone, (size_t *)place));
    CLOSED(ampoule_shares_at((ampoule_shares *)gone, 1, (ampoule_share_info *)place, (const char **)place, (size_t *)place));
    CLOSED(ampoule_shares_label((ampoule_shares *)gone, 1, 1, (const char **)place, (size_t *)place));
    CLOSED(ampoule_grant_add_label((ampoule_grant *)gone, "a", 1));
    CLOSED(ampoule_grant_set_purpose((ampoule_grant *)gone, 1));
    CLOSED(ampoule_grant_set_until((ampoule_grant *)gone, 1));
    CLOSED(ampoule_grant_set_without_history((ampoule_grant *)gone));
    CLOSED(ampoule_store_check((ampoule_store *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_thread_get_id((ampoule_thread *)gone, (ampoule_entry_id *)place));
    CLOSED(ampoule_threads_count((ampoule_threads *)gone, (size_t *)place));
    CLOSED(ampoule_threads_at((ampoule_threads *)gone, 1, (ampoule_thread_info *)place, (const char **)place,
        (size_t *)place));
    CLOSED(ampoule_message_set_reply_to((ampoule_message *)gone, (const ampoule_entry_id *)place));
    CLOSED(ampoule_message_attach((ampoule_message *)gone, (const ampoule_entry_id *)place, 1));
    CLOSED(ampoule_thread_send((ampoule_thread *)gone, (ampoule_message *)gone, (ampoule_entry_id *)place));
    CLOSED(ampoule_thread_send_once((ampoule_thread *)gone, "a", 1, (ampoule_message *)gone, (ampoule_entry_id *)place));
    CLOSED(ampoule_thread_edit((ampoule_thread *)gone, (const ampoule_entry_id *)place, (ampoule_message *)gone,
        (ampoule_version_id *)place));
    CLOSED(ampoule_thread_delete((ampoule_thread *)gone, (const ampoule_entry_id *)place, (ampoule_version_id *)place));
    CLOSED(ampoule_thread_react((ampoule_thread *)gone, (const ampoule_entry_id *)place, "a", 1));
    CLOSED(ampoule_thread_take_back((ampoule_thread *)gone, (const ampoule_entry_id *)place, "a", 1));
    CLOSED(ampoule_thread_acknowledge((ampoule_thread *)gone, (const ampoule_entry_id *)place, 1, (bool *)place));
    CLOSED(ampoule_thread_last((ampoule_thread *)gone, 1, (ampoule_messages **)place));
    CLOSED(ampoule_thread_before((ampoule_thread *)gone, (ampoule_posted *)gone, 1, (ampoule_messages **)place));
    CLOSED(ampoule_messages_count((ampoule_messages *)gone, (size_t *)place));
    CLOSED(ampoule_messages_at((ampoule_messages *)gone, 1, (ampoule_posted **)place));
    CLOSED(ampoule_posted_get_info((ampoule_posted *)gone, (ampoule_posted_info *)place));
    CLOSED(ampoule_posted_text((ampoule_posted *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_posted_author((ampoule_posted *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_posted_reaction((ampoule_posted *)gone, 1, (const char **)place, (size_t *)place));
    CLOSED(ampoule_posted_attachment((ampoule_posted *)gone, 1, (ampoule_entry_id *)place, (ampoule_version_id *)place,
        (uint32_t *)place));
    GIVES(AMPOULE_STATUS_INVALID_LENGTH, ampoule_unlock_add_device_key((ampoule_unlock *)gone, bytes, 1));
    CLOSED(ampoule_unlock_add_passphrase((ampoule_unlock *)gone, "a", 1));
    GIVES(AMPOULE_STATUS_RECOVERY_WORD_COUNT, ampoule_unlock_add_recovery_words((ampoule_unlock *)gone, "a", 1));
    CLOSED(ampoule_unlock_set_passphrase_cost((ampoule_unlock *)gone, 1, 1, 1));
    CLOSED(ampoule_dues_count((ampoule_dues *)gone, (size_t *)place));
    CLOSED(ampoule_dues_at((ampoule_dues *)gone, 1, (ampoule_due *)place));
}

static void h56_a_closed_handle_is_a_status_of_chart(void) {
    void *gone = closed();
    GIVES(AMPOULE_STATUS_INVALID_CURSOR, ampoule_chart_export((ampoule_chart *)gone, (ampoule_contact *)gone, bytes, 1,
        (ampoule_buffer *)place));
    GIVES(AMPOULE_STATUS_INVALID_CURSOR, ampoule_chart_export_labels((ampoule_chart *)gone, (ampoule_contact *)gone, bytes,
        1, "a", 1, (ampoule_buffer *)place));
    CLOSED(ampoule_chart_get_id((ampoule_chart *)gone, (ampoule_chart_id *)place));
    CLOSED(ampoule_chart_put((ampoule_chart *)gone, (ampoule_record *)gone, (ampoule_entry_id *)place));
    CLOSED(ampoule_chart_put_once((ampoule_chart *)gone, "a", 1, (ampoule_record *)gone, (ampoule_entry_id *)place));
    CLOSED(ampoule_chart_update((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_record *)gone,
        (ampoule_version_id *)place));
    CLOSED(ampoule_chart_update_from((ampoule_chart *)gone, (ampoule_entry *)gone, (ampoule_record *)gone,
        (ampoule_version_id *)place));
    CLOSED(ampoule_chart_resolve((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_record *)gone,
        (ampoule_version_id *)place));
    CLOSED(ampoule_chart_delete((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_version_id *)place));
    CLOSED(ampoule_chart_get((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_entry **)place));
    CLOSED(ampoule_chart_version((ampoule_chart *)gone, (const ampoule_version_id *)place, (ampoule_entry **)place));
    CLOSED(ampoule_chart_history((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_history **)place));
    CLOSED(ampoule_chart_list((ampoule_chart *)gone, (ampoule_matches **)place));
    CLOSED(ampoule_chart_list_kind((ampoule_chart *)gone, 1, (ampoule_matches **)place));
    CLOSED(ampoule_chart_find((ampoule_chart *)gone, (ampoule_query *)gone, (ampoule_matches **)place));
    CLOSED(ampoule_chart_labels((ampoule_chart *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_chart_missing_content((ampoule_chart *)gone, (ampoule_buffer *)place));
    CLOSED(ampoule_chart_sealed_content((ampoule_chart *)gone, (const ampoule_version_id *)place,
        (ampoule_sealed_content **)place));
    CLOSED(ampoule_chart_receive_content((ampoule_chart *)gone, (const ampoule_version_id *)place,
        (ampoule_content_receiver **)place));
    CLOSED(ampoule_chart_put_path((ampoule_chart *)gone, (ampoule_record *)gone, "a", 1, NULL, NULL,
        (ampoule_entry_id *)place));
    CLOSED(ampoule_chart_put_path_once((ampoule_chart *)gone, "a", 1, (ampoule_record *)gone, "a", 1,
        NULL, NULL, (ampoule_entry_id *)place));
    CLOSED(ampoule_chart_create_file((ampoule_chart *)gone, (ampoule_record *)gone, (ampoule_file_writer **)place));
    CLOSED(ampoule_chart_create_file_version((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_record *)gone,
        (ampoule_file_writer **)place));
    CLOSED(ampoule_chart_file((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_file **)place));
    CLOSED(ampoule_chart_file_version((ampoule_chart *)gone, (const ampoule_version_id *)place, (ampoule_file **)place));
    CLOSED(ampoule_chart_preview((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_buffer *)place,
        (ampoule_buffer *)place));
    CLOSED(ampoule_chart_preview_version((ampoule_chart *)gone, (const ampoule_version_id *)place, (ampoule_buffer *)place,
        (ampoule_buffer *)place));
    CLOSED(ampoule_chart_export_content((ampoule_chart *)gone, (const ampoule_version_id *)place, "a", 1, NULL, NULL));
    CLOSED(ampoule_chart_import_content((ampoule_chart *)gone, (const ampoule_version_id *)place, "a", 1, NULL, NULL));
    CLOSED(ampoule_chart_findings((ampoule_chart *)gone, (ampoule_findings **)place));
    CLOSED(ampoule_chart_note_export((ampoule_chart *)gone, "a", 1));
    CLOSED(ampoule_chart_settle_bundles((ampoule_chart *)gone, "a", 1));
    CLOSED(ampoule_chart_import_folder((ampoule_chart *)gone, (ampoule_record *)gone, "a", 1, NULL, NULL,
        (ampoule_outcomes **)place));
    CLOSED(ampoule_chart_export_folder((ampoule_chart *)gone, "a", 1, NULL, NULL, (ampoule_outcomes **)place));
    CLOSED(ampoule_chart_export_for_patient((ampoule_chart *)gone, "a", 1, "a", 1, NULL, NULL,
        (ampoule_exported *)place));
    CLOSED(ampoule_chart_import_from_patient((ampoule_chart *)gone, "a", 1, NULL, NULL, (uint64_t *)place,
        (uint64_t *)place));
    CLOSED(ampoule_chart_describe((ampoule_chart *)gone, (ampoule_patient *)gone));
    CLOSED(ampoule_chart_forget_patient((ampoule_chart *)gone));
    CLOSED(ampoule_chart_patient((ampoule_chart *)gone, (ampoule_patient **)place));
    CLOSED(ampoule_chart_quarantine((ampoule_chart *)gone, (ampoule_quarantine **)place));
    CLOSED(ampoule_chart_adopt((ampoule_chart *)gone, (const ampoule_version_id *)place, "a", 1, (ampoule_standing *)place));
    CLOSED(ampoule_chart_shares((ampoule_chart *)gone, (ampoule_shares **)place));
    CLOSED(ampoule_chart_fork_count((ampoule_chart *)gone, (size_t *)place));
    CLOSED(ampoule_chart_fork_shares((ampoule_chart *)gone, 1, (ampoule_shares **)place));
    GIVES(AMPOULE_STATUS_NULL_ARGUMENT, ampoule_chart_resolve_fork((ampoule_chart *)gone,
        (const ampoule_contact *const *)place, 1, (ampoule_standing *)place));
    CLOSED(ampoule_chart_administer_here((ampoule_chart *)gone, (ampoule_standing *)place));
    CLOSED(ampoule_chart_waiting((ampoule_chart *)gone, (size_t *)place));
    CLOSED(ampoule_chart_share((ampoule_chart *)gone, (ampoule_contact *)gone, (ampoule_grant *)gone,
        (ampoule_standing *)place));
    CLOSED(ampoule_chart_revoke((ampoule_chart *)gone, (ampoule_contact *)gone, (ampoule_standing *)place));
    CLOSED(ampoule_chart_share_count((ampoule_chart *)gone, (size_t *)place));
    CLOSED(ampoule_chart_start_thread((ampoule_chart *)gone, "a", 1, "a", 1, (ampoule_thread **)place));
    CLOSED(ampoule_chart_thread((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_thread **)place));
    CLOSED(ampoule_chart_threads((ampoule_chart *)gone, (ampoule_threads **)place));
    CLOSED(ampoule_chart_message((ampoule_chart *)gone, (const ampoule_entry_id *)place, (ampoule_posted **)place));
}

static void h56_a_closed_handle_is_a_status_of_notices_and_hand_overs(void) {
    void *gone = closed();
    GIVES(AMPOULE_STATUS_DAMAGED_CARD, ampoule_chart_keys_grant_for((ampoule_chart_keys *)gone, bytes, 1,
        (ampoule_buffer *)place));
    CLOSED(ampoule_chart_keys_take(bytes, 1, (ampoule_member *)gone, bytes, 1, (ampoule_chart_keys *)gone,
        (ampoule_chart_keys **)place));
    CLOSED(ampoule_thread_notice((ampoule_thread *)gone, (const ampoule_entry_id *)place, (ampoule_buffer *)place));
    CLOSED(ampoule_previews_add((ampoule_previews *)gone, (ampoule_thread *)gone));
    CLOSED(ampoule_vault_preview_keys((ampoule_vault *)gone, (ampoule_previews *)gone, bytes, 32, (ampoule_buffer *)place));
    CLOSED(ampoule_unverified_message_get_info((ampoule_unverified_message *)gone, (ampoule_unverified_message_info *)place));
    CLOSED(ampoule_unverified_message_text((ampoule_unverified_message *)gone, (const char **)place, (size_t *)place));
    CLOSED(ampoule_unverified_message_author((ampoule_unverified_message *)gone, (const char **)place, (size_t *)place));
}

const test closed_tests[] = {
    {"h56_a_closed_handle_is_a_status_of_vault", h56_a_closed_handle_is_a_status_of_vault},
    {"h56_a_closed_handle_is_a_status_of_others", h56_a_closed_handle_is_a_status_of_others},
    {"h56_a_closed_handle_is_a_status_of_chart", h56_a_closed_handle_is_a_status_of_chart},
    {"h56_a_closed_handle_is_a_status_of_notices_and_hand_overs", h56_a_closed_handle_is_a_status_of_notices_and_hand_overs},
    {NULL, NULL},
};
