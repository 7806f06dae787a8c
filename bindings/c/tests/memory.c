/* What C gave as a secret is in no memory of the process once the vault is locked and the way in is closed. */
#include "harness.h"

#include <limits.h>

#define PIECE (1 << 20)

/* Memory is turned into its complement before it is searched for the complement of the key: the search finds no copy of its
   own, neither in what it looks for nor in what it reads into. */
static size_t found_in(uint8_t *piece, size_t len, const uint8_t *complement, size_t key_len) {
    size_t at, count = 0;
    for (at = 0; at < len; at++) piece[at] = (uint8_t)~piece[at];
    for (at = 0; at + key_len <= len; at++) {
        if (piece[at] == complement[0] && memcmp(piece + at, complement, key_len) == 0) count++;
    }
    return count;
}

static size_t search(const uint8_t *complement, size_t key_len) {
    static uint8_t piece[PIECE];
    FILE *maps = fopen("/proc/self/maps", "r"), *memory = fopen("/proc/self/mem", "rb");
    char line[1024];
    size_t count = 0;
    if (maps == NULL || memory == NULL) abort();
    setbuf(memory, NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end, at;
        char rights[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, rights) != 3 || rights[0] != 'r' || rights[1] != 'w') continue;
        if (end - start > (1UL << 30)) continue; /* what a sanitizer keeps of memory, not memory */
        for (at = start; at < end; at += PIECE - key_len) {
            size_t len = end - at < PIECE ? end - at : PIECE;
            /* What is read into is not searched. */
            if (at < (unsigned long)(piece + PIECE) && (unsigned long)piece < at + len) continue;
            if (at > (unsigned long)LONG_MAX || fseek(memory, (long)at, SEEK_SET) != 0) break;
            count += found_in(piece, fread(piece, 1, len, memory), complement, key_len);
        }
    }
    fclose(maps);
    fclose(memory);
    return count;
}

static void nothing_secret_is_left_after_lock_and_close(void) {
    uint8_t *key = (uint8_t *)malloc(32), complement[32];
    FILE *random = fopen("/dev/urandom", "rb");
    ampoule_unlock *way = NULL;
    ampoule_store *store = NULL;
    ampoule_vault *vault = NULL;
    size_t i;
    REQUIRE(key != NULL && random != NULL);
    setbuf(random, NULL);
    REQUIRE(fread(key, 1, 32, random) == 32);
    fclose(random);
    for (i = 0; i < 32; i++) complement[i] = (uint8_t)~key[i];
    OK(ampoule_unlock_new(&way));
    OK(ampoule_unlock_add_device_key(way, key, 32));
    OK(ampoule_store_memory(&store));
    OK(ampoule_vault_create(store, NULL, AMPOULE_TEXT("Dr. Lee"), way, AMPOULE_RECOVERY_NONE_DATA_WILL_BE_LOST, NULL, &vault,
                            NULL));
    memset(key, 0, 32);
    CHECK(search(complement, 32) > 0); /* the way in holds it */
    OK(ampoule_vault_lock(vault));
    OK(ampoule_close(way));
    CHECK(search(complement, 32) == 0);
    free(key);
    CLOSE(vault, store);
}

const test memory_tests[] = {
    {"nothing_secret_is_left_after_lock_and_close", nothing_secret_is_left_after_lock_and_close},
    {NULL, NULL},
};
