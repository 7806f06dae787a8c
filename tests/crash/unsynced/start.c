/* What it was told to do, and the calls of the C library. */
#include "unsynced.h"

char folder[PATH_MAX];
size_t folder_len;
int log_fd = -1;
unsigned long at;
enum then then;
uint64_t chance = 1;

int (*real_openat)(int, const char *, int, ...);
ssize_t (*real_write)(int, const void *, size_t);
ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
ssize_t (*real_writev)(int, const struct iovec *, int);
int (*real_ftruncate)(int, off_t);
int (*real_fsync)(int);
int (*real_fdatasync)(int);
int (*real_unlinkat)(int, const char *, int);
int (*real_mkdirat)(int, const char *, mode_t);
int (*real_renameat2)(int, const char *, int, const char *, unsigned);
int (*real_fallocate)(int, int, off_t, off_t);
ssize_t (*real_copy_file_range)(int, off_t *, int, off_t *, size_t, unsigned);

void give_up(const char *what) {
    dprintf(2, "unsynced: %s\n", what);
    abort();
}

static void *real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) give_up(name);
    return function;
}

__attribute__((constructor)) void start(void) {
    static int started;
    if (started) return;
    started = 1;
    real_openat = real("openat");
    real_write = real("write");
    real_pwrite = real("pwrite");
    real_writev = real("writev");
    real_ftruncate = real("ftruncate");
    real_fsync = real("fsync");
    real_fdatasync = real("fdatasync");
    real_unlinkat = real("unlinkat");
    real_mkdirat = real("mkdirat");
    real_renameat2 = real("renameat2");
    real_fallocate = real("fallocate");
    real_copy_file_range = real("copy_file_range");
    const char *value = getenv("UNSYNCED_FOLDER");
    if (!value) return;
    if (!realpath(value, folder)) give_up("the folder is not there");
    folder_len = strlen(folder);
    if ((value = getenv("UNSYNCED_LOG"))) {
        log_fd = real_openat(AT_FDCWD, value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) give_up("the log cannot be opened");
    }
    if ((value = getenv("UNSYNCED_AT"))) at = strtoul(value, NULL, 10);
    if ((value = getenv("UNSYNCED_SEED"))) chance = 2 * strtoul(value, NULL, 10) + 1;
    if (at) {
        value = getenv("UNSYNCED_THEN");
        if (value && !strcmp(value, "drop")) then = DROP;
        else if (value && !strcmp(value, "some")) then = SOME;
        else if (value && !strcmp(value, "kill")) then = KILL;
        else if (value && !strcmp(value, "full")) then = FULL;
        else if (value && !strcmp(value, "fail")) then = FAIL;
        else give_up("UNSYNCED_THEN is unknown");
    }
}
