/* Counts events, and cuts the power. */
#include "unsynced.h"

static unsigned long events;
static int disk_is_full;

static int tossed(void) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (chance >> 33) & 1;
}

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

/* An unlinked or replaced file whose name may still be on the disk. */
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

void cut(void) {
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
            file->lost = 1;
        }
    }
    for (struct file *file = files; file && then != KILL; file = file->next) {
        if (!file->removed || file->lost || !(file->named || file->was)) continue;
        struct file *newer = by_path(file->path);
        if (file->replaced ? !newer || newer->lost : then == DROP ? !newer || !newer->named : !newer && tossed())
            bring_back(file);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/*
 * Counts an event. Returns the error number that the call is to fail with, or 0; `*last` is set where the power fails
 * after the call.
 */
int event(const char *kind, const char *path, int grows, int *last) {
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
