/*
 * Cuts the power of a process: everything that it wrote to files and did not sync is lost.
 *
 * Loaded before the C library (LD_PRELOAD). For each file below a folder it keeps what a disk without a cache of its own
 * would hold: the bytes as they were at the last sync of the file, under the names as they were at the last sync of
 * the folder. At a chosen event it puts the files back into that state and kills the process.
 *
 * An event is a call that creates, changes, renames, syncs or removes a followed file, or makes a folder. A call that would change one in a way
 * that is not followed here ends the process with a message, so that a gap shows as a failed test.
 *
 *   UNSYNCED_FOLDER  the folder; its real, absolute path
 *   UNSYNCED_LOG     where to append a line for each event: its number, kind and file name; outside the folder
 *   UNSYNCED_AT      the number of the event before which, or in the middle of which, it happens; from 1
 *   UNSYNCED_THEN    what happens:
 *                      drop  the power fails, and nothing that was not synced is left
 *                      some  the power fails, and of each sector that was not synced chance says whether it was
 *                            written; the call itself may have been done in part
 *                      kill  the process is killed, the machine goes on: all is kept
 *                      full  from here on no file can grow: ENOSPC
 *                      fail  this one call fails: EIO, and what it should have synced is not synced
 *   UNSYNCED_SEED    for `some`
 *
 * Shared memory ("-shm") is not followed: nothing in it outlives a crash, by design of SQLite.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512

enum then { NOTHING, DROP, SOME, KILL, FULL, FAIL };

struct file {
    struct file *next;
    char *path;
    dev_t device;
    ino_t inode;
    unsigned char *synced; /* the bytes at the last sync */
    size_t synced_len;
    unsigned char *dirty; /* one flag for each sector that was written since */
    size_t dirty_len;
    int named;   /* the name was synced, or was there before */
    char *was;   /* the name that is on the disk, where it was renamed and the folder not synced since */
    int lost;    /* is in a folder that is not on the disk */
    int removed; /* was unlinked, and the folder not synced since */
};

/* A folder that was made, and whose own name was not synced since. */
struct made {
    struct made *next;
    char *path;
    int lost;
};

static struct file *files;
static struct made *folders;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_len;
static int log_fd = -1;
static unsigned long events, at;
static enum then then;
static int disk_is_full;
static uint64_t chance = 1;

static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_mkdirat)(int, const char *, mode_t);
static int (*real_renameat2)(int, const char *, int, const char *, unsigned);
static int (*real_fallocate)(int, int, off_t, off_t);
static ssize_t (*real_copy_file_range)(int, off_t *, int, off_t *, size_t, unsigned);

static void give_up(const char *what) {
    dprintf(2, "unsynced: %s\n", what);
    abort();
}

static void *real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) give_up(name);
    return function;
}

__attribute__((constructor)) static void start(void) {
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

static int tossed(void) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (chance >> 33) & 1;
}

/* ---- Which file is meant ---- */

/* The absolute path of a name, or 0 if it is not in the folder. */
static int inside(int dir, const char *name, char *path) {
    char whole[2 * PATH_MAX], parent[PATH_MAX];
    if (!folder_len || !name || !*name) return 0;
    if (*name == '/') {
        snprintf(whole, sizeof whole, "%s", name);
    } else if (dir == AT_FDCWD) {
        if (!getcwd(parent, sizeof parent)) return 0;
        snprintf(whole, sizeof whole, "%s/%s", parent, name);
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
        ssize_t len = readlink(link, parent, sizeof parent - 1);
        if (len < 0) return 0;
        parent[len] = 0;
        snprintf(whole, sizeof whole, "%s/%s", parent, name);
    }
    char *slash = strrchr(whole, '/');
    size_t len = strlen(whole);
    if (len > 4 && !strcmp(whole + len - 4, "-shm")) return 0;
    *slash = 0;
    if (!realpath(slash == whole ? "/" : whole, parent)) return 0;
    if (strncmp(parent, folder, folder_len) || (parent[folder_len] && parent[folder_len] != '/'))
        return 0;
    return snprintf(path, PATH_MAX, "%s/%s", parent, slash + 1) < PATH_MAX;
}

static struct file *by_inode(const struct stat *info) {
    for (struct file *file = files; file; file = file->next)
        if (file->device == info->st_dev && file->inode == info->st_ino) return file;
    return NULL;
}

static struct file *by_fd(int fd) {
    struct stat info;
    if (!folder_len || fd == log_fd || fstat(fd, &info) || !S_ISREG(info.st_mode)) return NULL;
    return by_inode(&info);
}

static struct file *by_path(const char *path) {
    for (struct file *file = files; file; file = file->next)
        if (!file->removed && !strcmp(file->path, path)) return file;
    return NULL;
}

static void grow(unsigned char **bytes, size_t *len, size_t wanted) {
    if (wanted <= *len) return;
    *bytes = realloc(*bytes, wanted);
    if (!*bytes) give_up("out of memory");
    memset(*bytes + *len, 0, wanted - *len);
    *len = wanted;
}

/* Reads a part of the file as it is now. */
static size_t current(int fd, unsigned char *bytes, size_t len, off_t from) {
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, bytes + done, len - done, from + (off_t)done);
        if (n <= 0) break;
        done += (size_t)n;
    }
    return done;
}

/* Follows a file from now on; what it holds counts as synced. */
static void follow(int fd, const char *path, int existed) {
    struct stat info;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || by_inode(&info)) return;
    struct file *file = calloc(1, sizeof *file);
    if (!file || !(file->path = strdup(path))) give_up("out of memory");
    file->device = info.st_dev;
    file->inode = info.st_ino;
    file->named = existed;
    if (info.st_size) {
        grow(&file->synced, &file->synced_len, (size_t)info.st_size);
        int reader = real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        if (reader < 0 || current(reader, file->synced, file->synced_len, 0) != file->synced_len)
            give_up("a file cannot be read");
        /* Left open: closing it would drop the locks that the process holds on the file. */
    }
    file->next = files;
    files = file;
}

static void mark(struct file *file, off_t from, size_t len) {
    if (!len) return;
    size_t first = (size_t)from / SECTOR, last = ((size_t)from + len - 1) / SECTOR;
    grow(&file->dirty, &file->dirty_len, last + 1);
    memset(file->dirty + first, 1, last - first + 1);
}

/* The file is on the disk as it is now. */
static void synced(struct file *file, int fd) {
    struct stat info;
    if (fstat(fd, &info)) give_up("a file cannot be examined");
    size_t len = (size_t)info.st_size;
    int reader = fd, flags = fcntl(fd, F_GETFL);
    if ((flags & O_ACCMODE) == O_WRONLY) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        reader = real_openat(AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
        if (reader < 0) give_up("a file cannot be read");
    }
    if (len < file->synced_len) file->synced_len = len;
    grow(&file->synced, &file->synced_len, len);
    for (size_t sector = 0; sector < file->dirty_len; sector++) {
        size_t from = sector * SECTOR;
        if (!file->dirty[sector] || from >= len) continue;
        current(reader, file->synced + from, len - from < SECTOR ? len - from : SECTOR, (off_t)from);
    }
    file->dirty_len = 0;
    free(file->dirty);
    file->dirty = NULL;
}

/* ---- Losing power ---- */

static void put_back(struct file *file) {
    int fd = real_openat(AT_FDCWD, file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) give_up("a file cannot be put back");
    struct stat info;
    if (fstat(fd, &info)) give_up("a file cannot be examined");
    size_t now = (size_t)info.st_size, len = file->synced_len;
    if (then == SOME && now != len && tossed()) len = now;
    for (size_t sector = 0; sector < file->dirty_len; sector++) {
        size_t from = sector * SECTOR;
        if (!file->dirty[sector] || from >= len) continue;
        if (then == SOME && from < now && tossed()) continue;
        unsigned char bytes[SECTOR] = {0};
        if (from < file->synced_len) {
            size_t left = file->synced_len - from;
            memcpy(bytes, file->synced + from, left < SECTOR ? left : SECTOR);
        }
        size_t left = len - from;
        if (left > SECTOR) left = SECTOR;
        if (real_pwrite(fd, bytes, left, (off_t)from) != (ssize_t)left)
            give_up("a file cannot be put back");
    }
    if (real_ftruncate(fd, (off_t)len)) give_up("a file cannot be put back");
}

/* An unlinked file whose name may still be on the disk. */
static void bring_back(struct file *file) {
    const char *path = file->named ? file->path : file->was;
    int fd = real_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || (file->synced_len && real_pwrite(fd, file->synced, file->synced_len, 0) !=
                                           (ssize_t)file->synced_len))
        give_up("a file cannot be put back");
}

/* Folders whose names did not reach the disk are not there, nor is anything in them. */
static void lose_folders(void) {
    for (struct made *made = folders; made; made = made->next) {
        size_t len = strlen(made->path);
        made->lost = then == DROP || tossed();
        for (struct file *file = files; file && made->lost; file = file->next)
            if (!strncmp(file->path, made->path, len) && file->path[len] == '/') file->lost = 1;
        for (struct made *inner = folders; inner && made->lost; inner = inner->next)
            if (!strncmp(inner->path, made->path, len) && inner->path[len] == '/') inner->lost = 1;
    }
    for (struct file *file = files; file; file = file->next)
        if (file->lost && !file->removed) real_unlinkat(AT_FDCWD, file->path, 0);
    /* The newest comes first, so that a folder is empty when it is its turn. */
    for (struct made *made = folders; made; made = made->next)
        if (made->lost && real_unlinkat(AT_FDCWD, made->path, AT_REMOVEDIR)) give_up("a folder cannot be lost");
}

static void cut(void) {
    if (then != KILL) lose_folders();
    for (struct file *file = files; file && then != KILL; file = file->next) {
        if (file->removed || file->lost) continue;
        if (file->named || (then == SOME && tossed())) {
            put_back(file);
        } else if (file->was) {
            if (real_renameat2(AT_FDCWD, file->path, AT_FDCWD, file->was, 0)) give_up("a name cannot be put back");
            file->path = file->was;
            put_back(file);
        } else {
            real_unlinkat(AT_FDCWD, file->path, 0);
        }
    }
    for (struct file *file = files; file && then != KILL; file = file->next) {
        if (!file->removed || file->lost || !(file->named || file->was)) continue;
        struct file *newer = by_path(file->path);
        if (then == DROP ? !newer || !newer->named : !newer && tossed()) bring_back(file);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/*
 * Counts an event. Returns the error number that the call is to fail with, or 0; `*last` is set where the power fails
 * after the call.
 */
static int event(const char *kind, const char *path, int grows, int *last) {
    events++;
    if (log_fd >= 0) {
        const char *name = strrchr(path, '/');
        char line[PATH_MAX + 64];
        int len = snprintf(line, sizeof line, "event %lu %s %s\n", events, kind, name ? name + 1 : path);
        if (real_write(log_fd, line, (size_t)len) != len) give_up("the log cannot be written");
    }
    if (events == at) {
        if (then == DROP || then == KILL) cut();
        if (then == SOME) *last = 1;
        if (then == FULL) disk_is_full = 1;
        if (then == FAIL) return EIO;
    }
    return disk_is_full && grows ? ENOSPC : 0;
}

#define FAILS(number) \
    do { \
        pthread_mutex_unlock(&lock); \
        errno = (number); \
        return -1; \
    } while (0)

/* ---- The calls ---- */

static int opened(int dir, const char *name, int flags, mode_t mode) {
    start();
    char path[PATH_MAX];
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    if (!writes || (flags & O_TMPFILE) == O_TMPFILE || !inside(dir, name, path))
        return real_openat(dir, name, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat info;
    int existed = !stat(path, &info), last = 0, error = 0;
    if (!existed && flags & O_CREAT) error = event("create", path, 1, &last);
    if (error) FAILS(error);
    if (existed && flags & O_TRUNC && info.st_size) give_up("truncating while opening is not followed");
    int fd = real_openat(dir, name, flags, mode);
    if (fd >= 0) follow(fd, path, existed);
    if (last) cut();
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags | O_LARGEFILE, mode); }
int openat(int dir, const char *name, int flags, ...) { MODE return opened(dir, name, flags, mode); }
int openat64(int dir, const char *name, int flags, ...) { MODE return opened(dir, name, flags | O_LARGEFILE, mode); }

static ssize_t written(int fd, const void *bytes, size_t len, off_t from) {
    start();
    struct file *file;
    if (!folder_len) return from < 0 ? real_write(fd, bytes, len) : real_pwrite(fd, bytes, len, from);
    pthread_mutex_lock(&lock);
    if (!(file = by_fd(fd))) {
        pthread_mutex_unlock(&lock);
        return from < 0 ? real_write(fd, bytes, len) : real_pwrite(fd, bytes, len, from);
    }
    struct stat info;
    if (fstat(fd, &info)) give_up("a file cannot be examined");
    off_t position = from >= 0 ? from : fcntl(fd, F_GETFL) & O_APPEND ? info.st_size : lseek(fd, 0, SEEK_CUR);
    int last = 0, error = event("write", file->path, position + (off_t)len > info.st_size, &last);
    if (error) FAILS(error);
    /* The gap that a write behind the end leaves is written too. */
    if (position > info.st_size) mark(file, info.st_size, (size_t)(position - info.st_size));
    ssize_t done = from < 0 ? real_write(fd, bytes, len) : real_pwrite(fd, bytes, len, from);
    if (done > 0) mark(file, position, (size_t)done);
    if (last) cut();
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t len) { return written(fd, bytes, len, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t from) { return written(fd, bytes, len, from); }
ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t from) { return written(fd, bytes, len, from); }

int ftruncate(int fd, off_t len) {
    start();
    pthread_mutex_lock(&lock);
    struct file *file = by_fd(fd);
    int last = 0, error = 0;
    if (file) {
        struct stat info;
        if (fstat(fd, &info)) give_up("a file cannot be examined");
        error = event("truncate", file->path, len > info.st_size, &last);
        if (error) FAILS(error);
        off_t low = len < info.st_size ? len : info.st_size, high = len < info.st_size ? info.st_size : len;
        mark(file, low, (size_t)(high - low));
    }
    int result = real_ftruncate(fd, len);
    if (last) cut();
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate64(int fd, off_t len) { return ftruncate(fd, len); }

static int is_in(const char *path, const char *parent, size_t len) {
    return !strncmp(path, parent, len) && path[len] == '/' && !strchr(path + len + 1, '/');
}

/* The names in a folder are on the disk as they are now. */
static void folder_synced(const char *path) {
    size_t len = strlen(path);
    for (struct made **link = &folders; *link;) {
        struct made *made = *link;
        if (is_in(made->path, path, len)) {
            *link = made->next;
            free(made->path);
            free(made);
        } else {
            link = &made->next;
        }
    }
    for (struct file **link = &files; *link;) {
        struct file *file = *link;
        int in_it = is_in(file->path, path, len);
        if (in_it && file->removed) {
            *link = file->next;
            free(file->synced);
            free(file->dirty);
            free(file->path);
            free(file->was);
            free(file);
            continue;
        }
        if (in_it) {
            file->named = 1;
            free(file->was);
            file->was = NULL;
        }
        link = &file->next;
    }
}

static int sync_of(int fd, int (*sync)(int)) {
    pthread_mutex_lock(&lock);
    int last = 0, error = 0;
    struct stat info;
    struct file *file = by_fd(fd);
    char path[PATH_MAX], link[64];
    path[0] = 0;
    if (!file && folder_len && !fstat(fd, &info) && S_ISDIR(info.st_mode)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, path, sizeof path - 1);
        path[len < 0 ? 0 : len] = 0;
        if (strncmp(path, folder, folder_len)) path[0] = 0;
    }
    if (file || path[0]) error = event("sync", file ? file->path : path, 0, &last);
    if (error) FAILS(error);
    if (last) cut();
    /* A disk that is only thought of needs no real sync, and tests that cut the power a thousand times need speed. */
    int result = file || path[0] ? 0 : sync(fd);
    if (!result && file) synced(file, fd);
    if (!result && path[0]) folder_synced(path);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) { start(); return sync_of(fd, real_fsync); }
int fdatasync(int fd) { start(); return sync_of(fd, real_fdatasync); }

int unlinkat(int dir, const char *name, int flags) {
    start();
    char path[PATH_MAX];
    if (flags & AT_REMOVEDIR || !inside(dir, name, path)) return real_unlinkat(dir, name, flags);
    pthread_mutex_lock(&lock);
    struct stat info;
    if (stat(path, &info)) {
        pthread_mutex_unlock(&lock);
        return real_unlinkat(dir, name, flags);
    }
    int last = 0, error = event("remove", path, 0, &last);
    if (error) FAILS(error);
    int reader = real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (reader >= 0) follow(reader, path, 1);
    int result = real_unlinkat(dir, name, flags);
    struct file *file = by_path(path);
    if (!result && file) {
        file->removed = 1;
        /* The number may be given to another file. */
        file->inode = 0;
        file->device = 0;
    }
    if (last) cut();
    pthread_mutex_unlock(&lock);
    return result;
}

int mkdirat(int dir, const char *name, mode_t mode) {
    start();
    char path[PATH_MAX];
    struct stat info;
    if (!inside(dir, name, path) || !stat(path, &info)) return real_mkdirat(dir, name, mode);
    pthread_mutex_lock(&lock);
    int last = 0, error = event("folder", path, 1, &last);
    if (error) FAILS(error);
    int result = real_mkdirat(dir, name, mode);
    if (!result) {
        struct made *made = calloc(1, sizeof *made);
        if (!made || !(made->path = strdup(path))) give_up("out of memory");
        made->next = folders;
        folders = made;
    }
    if (last) cut();
    pthread_mutex_unlock(&lock);
    return result;
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    start();
    char path[PATH_MAX], new_path[PATH_MAX];
    struct stat info;
    if (!inside(from_dir, from, path)) {
        if (inside(to_dir, to, new_path)) give_up("renaming into the folder is not followed");
        return real_renameat2(from_dir, from, to_dir, to, flags);
    }
    if (!inside(to_dir, to, new_path)) give_up("renaming out of the folder is not followed");
    pthread_mutex_lock(&lock);
    struct file *file = by_path(path);
    size_t parent = (size_t)(strrchr(path, '/') - path);
    if (!file || file->was || !stat(new_path, &info)) give_up("renaming is not followed but once, to a free name");
    if (strncmp(path, new_path, parent + 1) || strchr(new_path + parent + 1, '/'))
        give_up("renaming into another folder is not followed");
    int last = 0, error = event("rename", new_path, 0, &last);
    if (error) FAILS(error);
    int result = real_renameat2(from_dir, from, to_dir, to, flags);
    if (!result) {
        if (file->named) file->was = file->path;
        else free(file->path);
        if (!(file->path = strdup(new_path))) give_up("out of memory");
        file->named = 0;
    }
    if (last) cut();
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    return renameat2(from_dir, from, to_dir, to, 0);
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

/* ---- Calls that are not followed ---- */

static void refuse(int fd, const char *what) {
    start();
    pthread_mutex_lock(&lock);
    struct file *file = by_fd(fd);
    pthread_mutex_unlock(&lock);
    if (file) give_up(what);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    refuse(fd, "writev is not followed");
    return real_writev(fd, parts, count);
}

int fallocate(int fd, int mode, off_t from, off_t len) {
    refuse(fd, "fallocate is not followed");
    return real_fallocate(fd, mode, from, len);
}

ssize_t copy_file_range(int in, off_t *in_from, int out, off_t *out_from, size_t len, unsigned flags) {
    refuse(out, "copy_file_range is not followed");
    return real_copy_file_range(in, in_from, out, out_from, len, flags);
}
