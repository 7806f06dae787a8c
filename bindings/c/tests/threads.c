/* Many threads on one vault; what ends while it is used. */
#include "harness.h"

#include <pthread.h>

#define THREADS 64

typedef struct shared {
    ampoule_vault *vault;
    ampoule_chart *chart;
    ampoule_entry_id entry;
    pthread_barrier_t barrier;
    /* Statuses that are neither OK nor what the test allows. */
    unsigned wrong;
    unsigned read;
    pthread_mutex_t mutex;
} shared;

static void begin(shared *all, unsigned threads) {
    memset(all, 0, sizeof *all);
    all->vault = vault_of("Dr. Lee", 1);
    OK(ampoule_vault_create_chart(all->vault, &all->chart));
    all->entry = put_note(all->chart, "Blood pressure 120/80");
    REQUIRE(pthread_barrier_init(&all->barrier, NULL, threads) == 0);
    REQUIRE(pthread_mutex_init(&all->mutex, NULL) == 0);
}

static void count(shared *all, unsigned *which) {
    pthread_mutex_lock(&all->mutex);
    ++*which;
    pthread_mutex_unlock(&all->mutex);
}

static void run_all(shared *all, void *(*work)(void *), unsigned threads) {
    pthread_t ids[THREADS];
    unsigned i;
    for (i = 0; i < threads; i++) REQUIRE(pthread_create(&ids[i], NULL, work, all) == 0);
    for (i = 0; i < threads; i++) REQUIRE(pthread_join(ids[i], NULL) == 0);
}

static void end(shared *all) {
    pthread_barrier_destroy(&all->barrier);
    pthread_mutex_destroy(&all->mutex);
}

static void *write_and_read(void *argument) {
    shared *all = (shared *)argument;
    int i;
    pthread_barrier_wait(&all->barrier);
    for (i = 0; i < 3; i++) {
        ampoule_record *record = note("by one of many");
        ampoule_entry_id id;
        ampoule_status status;
        /* Who waited for the others as long as a writer waits is to try again: under valgrind that may be so. */
        do status = ampoule_chart_put(all->chart, record, &id);
        while (status == AMPOULE_STATUS_STORE_BUSY);
        if (status != AMPOULE_STATUS_OK) count(all, &all->wrong);
        else if (!holds(all->chart, id, "by one of many")) count(all, &all->wrong);
        if (!holds(all->chart, all->entry, "Blood pressure 120/80")) count(all, &all->wrong);
        if (ampoule_close(record) != AMPOULE_STATUS_OK) count(all, &all->wrong);
    }
    return NULL;
}

static void sixty_four_threads_share_one_vault(void) {
    shared all;
    ampoule_matches *matches = NULL;
    size_t found = 0;
    begin(&all, THREADS);
    run_all(&all, write_and_read, THREADS);
    CHECK(all.wrong == 0);
    OK(ampoule_chart_list(all.chart, &matches));
    OK(ampoule_matches_count(matches, &found));
    CHECK(found == THREADS * 3 + 1);
    end(&all);
    CLOSE(matches, all.chart, all.vault);
}

static void *read_until_locked(void *argument) {
    shared *all = (shared *)argument;
    pthread_barrier_wait(&all->barrier);
    for (;;) {
        ampoule_entry *entry = NULL;
        const uint8_t *content = NULL;
        size_t len = 0;
        ampoule_status status = (ampoule_status)ampoule_chart_get(all->chart, &all->entry, &entry);
        if (status == AMPOULE_STATUS_LOCKED) return NULL;
        if (status != AMPOULE_STATUS_OK) {
            count(all, &all->wrong);
            return NULL;
        }
        /* What was read stays whole, whatever happens to the vault. */
        if (ampoule_entry_content(entry, &content, &len) != AMPOULE_STATUS_OK || len != 21 ||
            memcmp(content, "Blood pressure 120/80", len) != 0) {
            count(all, &all->wrong);
        }
        count(all, &all->read);
        if (ampoule_close(entry) != AMPOULE_STATUS_OK) count(all, &all->wrong);
    }
}

static void *lock_after_some_reads(void *argument) {
    shared *all = (shared *)argument;
    unsigned seen = 0;
    pthread_barrier_wait(&all->barrier);
    while (seen < 100) {
        pthread_mutex_lock(&all->mutex);
        seen = all->read;
        pthread_mutex_unlock(&all->mutex);
    }
    if (ampoule_vault_lock(all->vault) != AMPOULE_STATUS_OK) count(all, &all->wrong);
    return NULL;
}

static void h56_a_lock_during_decrypts_ends_them_whole(void) {
    shared all;
    pthread_t locker, readers[7];
    unsigned i;
    begin(&all, 8);
    for (i = 0; i < 7; i++) REQUIRE(pthread_create(&readers[i], NULL, read_until_locked, &all) == 0);
    REQUIRE(pthread_create(&locker, NULL, lock_after_some_reads, &all) == 0);
    for (i = 0; i < 7; i++) REQUIRE(pthread_join(readers[i], NULL) == 0);
    REQUIRE(pthread_join(locker, NULL) == 0);
    CHECK(all.wrong == 0 && all.read >= 100);
    end(&all);
    CLOSE(all.chart, all.vault);
}

static void *read_until_closed(void *argument) {
    shared *all = (shared *)argument;
    pthread_barrier_wait(&all->barrier);
    for (;;) {
        ampoule_entry *entry = NULL;
        ampoule_status status = (ampoule_status)ampoule_chart_get(all->chart, &all->entry, &entry);
        if (status == AMPOULE_STATUS_CLOSED_HANDLE) return NULL;
        if (status != AMPOULE_STATUS_OK || ampoule_close(entry) != AMPOULE_STATUS_OK) {
            count(all, &all->wrong);
            return NULL;
        }
        count(all, &all->read);
    }
}

static void *close_after_some_reads(void *argument) {
    shared *all = (shared *)argument;
    unsigned seen = 0;
    pthread_barrier_wait(&all->barrier);
    while (seen < 100) {
        pthread_mutex_lock(&all->mutex);
        seen = all->read;
        pthread_mutex_unlock(&all->mutex);
    }
    if (ampoule_close(all->chart) != AMPOULE_STATUS_OK) count(all, &all->wrong);
    return NULL;
}

static void h56_a_close_during_decrypts_ends_them_whole(void) {
    shared all;
    pthread_t closer, readers[7];
    unsigned i;
    begin(&all, 8);
    for (i = 0; i < 7; i++) REQUIRE(pthread_create(&readers[i], NULL, read_until_closed, &all) == 0);
    REQUIRE(pthread_create(&closer, NULL, close_after_some_reads, &all) == 0);
    for (i = 0; i < 7; i++) REQUIRE(pthread_join(readers[i], NULL) == 0);
    REQUIRE(pthread_join(closer, NULL) == 0);
    CHECK(all.wrong == 0 && all.read >= 100);
    end(&all);
    CLOSE(all.vault);
}

static void *close_once(void *argument) {
    shared *all = (shared *)argument;
    pthread_barrier_wait(&all->barrier);
    if (ampoule_close(all->chart) == AMPOULE_STATUS_OK) count(all, &all->read);
    return NULL;
}

static void h56_of_many_who_close_a_handle_one_does(void) {
    shared all;
    begin(&all, THREADS);
    run_all(&all, close_once, THREADS);
    CHECK(all.read == 1);
    end(&all);
    CLOSE(all.vault);
}

const test thread_tests[] = {
    {"sixty_four_threads_share_one_vault", sixty_four_threads_share_one_vault},
    {"h56_a_lock_during_decrypts_ends_them_whole", h56_a_lock_during_decrypts_ends_them_whole},
    {"h56_a_close_during_decrypts_ends_them_whole", h56_a_close_during_decrypts_ends_them_whole},
    {"h56_of_many_who_close_a_handle_one_does", h56_of_many_who_close_a_handle_one_does},
    {NULL, NULL},
};
