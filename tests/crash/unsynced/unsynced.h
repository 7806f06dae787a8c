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
#ifndef UNSYNCED_H
#define UNSYNCED_H

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

/* Of the program that this is loaded into, nothing but the calls of calls.c takes the place of its own. */
#pragma GCC visibility push(hidden)

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
    int named;    /* the name was synced, or was there before */
    char *was;    /* the name that is on the disk, where it was renamed and the folder not synced since */
    int lost;     /* is not on the disk, or in a folder that is not */
    int removed;  /* was unlinked or replaced, and the folder not synced since */
    int replaced; /* another was renamed to its name: one of them has it on the disk */
};

/* A folder that was made, and whose own name was not synced since. */
struct made {
    struct made *next;
    char *path;
    int lost;
};

/* start.c: what it was told to do, and the calls of the C library. */
extern char folder[PATH_MAX];
extern size_t folder_len;
extern int log_fd;
extern unsigned long at;
extern enum then then;
extern uint64_t chance;
extern int (*real_openat)(int, const char *, int, ...);
extern ssize_t (*real_write)(int, const void *, size_t);
extern ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
extern ssize_t (*real_writev)(int, const struct iovec *, int);
extern int (*real_ftruncate)(int, off_t);
extern int (*real_fsync)(int);
extern int (*real_fdatasync)(int);
extern int (*real_unlinkat)(int, const char *, int);
extern int (*real_mkdirat)(int, const char *, mode_t);
extern int (*real_renameat2)(int, const char *, int, const char *, unsigned);
extern int (*real_fallocate)(int, int, off_t, off_t);
extern ssize_t (*real_copy_file_range)(int, off_t *, int, off_t *, size_t, unsigned);
void give_up(const char *what);
void start(void);

/* disk.c: the files that are followed, and what the disk holds of them. */
extern struct file *files;
extern struct made *folders;
int inside(int dir, const char *name, char *path);
struct file *by_inode(const struct stat *info);
struct file *by_fd(int fd);
struct file *by_path(const char *path);
void follow(int fd, const char *path, int existed);
void mark(struct file *file, off_t from, size_t len);
void synced(struct file *file, int fd);
void folder_synced(const char *path);

/* power.c: counts events, and cuts the power. */
void cut(void);
int event(const char *kind, const char *path, int grows, int *last);

#pragma GCC visibility pop

#endif
