/* A test is a function; CHECK counts and goes on, REQUIRE ends the test. Both C11 and C++17. */
#ifndef HARNESS_H
#define HARNESS_H

#include <ampoule.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int failures_here;
void say_failure(const char *file, int line, const char *what);
void say_status(const char *file, int line, const char *call, uint32_t is, uint32_t should);

#define CHECK(condition) do { if (!(condition)) say_failure(__FILE__, __LINE__, #condition); } while (0)
#define REQUIRE(condition) do { if (!(condition)) { say_failure(__FILE__, __LINE__, #condition); return; } } while (0)
#define GIVES(status, call) do { \
        uint32_t is_ = (uint32_t)(call); \
        if (is_ != (uint32_t)(status)) say_status(__FILE__, __LINE__, #call, is_, (uint32_t)(status)); \
    } while (0)
#define OK(call) GIVES(AMPOULE_STATUS_OK, call)

/* What many tests begin with. */
ampoule_unlock *way_of(uint8_t byte);
ampoule_vault *vault_in(ampoule_store *store, const char *name, uint8_t byte);
ampoule_vault *vault_of(const char *name, uint8_t byte);
ampoule_record *note(const char *text);
ampoule_entry_id put_note(ampoule_chart *chart, const char *text);
/* Whether the entry holds this text. */
int holds(ampoule_chart *chart, ampoule_entry_id id, const char *text);
/* Whether the bytes hold this text nowhere. */
int is_nowhere(const uint8_t *bytes, size_t len, const char *text);
/* Each takes the other's card and verifies it. */
void introduce(ampoule_vault *a, ampoule_vault *b, ampoule_contact **b_at_a, ampoule_contact **a_at_b);
/* A path in the folder of this run, which is made anew for each. */
const char *fresh_path(const char *name);
void close_all(const void *const *handles, size_t count);

#define CLOSE(...) do { \
        const void *const handles_[] = {__VA_ARGS__}; \
        close_all(handles_, sizeof handles_ / sizeof handles_[0]); \
    } while (0)

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

extern const test closed_tests[];
extern const test custom_store_tests[];
extern const test detail_tests[];
extern const test everyday_tests[];
extern const test file_tests[];
extern const test floor_tests[];
extern const test keeping_tests[];
extern const test null_tests[];
extern const test sharing_tests[];
extern const test memory_tests[];
extern const test misuse_tests[];
extern const test notice_tests[];
extern const test thread_tests[];
extern const test travel_tests[];
extern const test upkeep_tests[];

#endif
