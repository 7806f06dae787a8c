/* The calls that take the place of those of the C library. */
#include "unsynced.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define FAILS(number) \
    do { \
        pthread_mutex_unlock(&lock); \
        errno = (number); \
        return -1; \
    } while (0)

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
    if (!inside(from_dir, from, path)) {
        if (inside(to_dir, to, new_path)) give_up("renaming into the folder is not followed");
        return real_renameat2(from_dir, from, to_dir, to, flags);
    }
    if (!inside(to_dir, to, new_path)) give_up("renaming out of the folder is not followed");
    pthread_mutex_lock(&lock);
    struct file *file = by_path(path);
    size_t parent = (size_t)(strrchr(path, '/') - path);
    if (!file || file->was) give_up("renaming is not followed but once");
    if (strncmp(path, new_path, parent + 1) || strchr(new_path + parent + 1, '/'))
        give_up("renaming into another folder is not followed");
    int last = 0, error = event("rename", new_path, 0, &last);
    if (error) FAILS(error);
    int reader = real_openat(AT_FDCWD, new_path, O_RDONLY | O_CLOEXEC);
    if (reader >= 0) follow(reader, new_path, 1);
    struct file *other = by_path(new_path);
    int result = real_renameat2(from_dir, from, to_dir, to, flags);
    if (!result && other) {
        other->removed = other->replaced = 1;
        other->inode = 0;
        other->device = 0;
    }
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
