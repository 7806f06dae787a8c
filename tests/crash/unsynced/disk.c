/* The files that are followed, and what the disk holds of them. */
#include "unsynced.h"

struct file *files;
struct made *folders;

/* The absolute path of a name, or 0 if it is not in the folder. */
int inside(int dir, const char *name, char *path) {
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

struct file *by_inode(const struct stat *info) {
    for (struct file *file = files; file; file = file->next)
        if (file->device == info->st_dev && file->inode == info->st_ino) return file;
    return NULL;
}

struct file *by_fd(int fd) {
    struct stat info;
    if (!folder_len || fd == log_fd || fstat(fd, &info) || !S_ISREG(info.st_mode)) return NULL;
    return by_inode(&info);
}

struct file *by_path(const char *path) {
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
void follow(int fd, const char *path, int existed) {
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

void mark(struct file *file, off_t from, size_t len) {
    if (!len) return;
    size_t first = (size_t)from / SECTOR, last = ((size_t)from + len - 1) / SECTOR;
    grow(&file->dirty, &file->dirty_len, last + 1);
    memset(file->dirty + first, 1, last - first + 1);
}

/* The file is on the disk as it is now. */
void synced(struct file *file, int fd) {
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

static int is_in(const char *path, const char *parent, size_t len) {
    return !strncmp(path, parent, len) && path[len] == '/' && !strchr(path + len + 1, '/');
}

/* The names in a folder are on the disk as they are now. */
void folder_synced(const char *path) {
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
