/* A store of the caller's own: rows in a table of SQLite, by the C library. What a program with a database would write. */
#ifndef SQLITE_ROWS_H
#define SQLITE_ROWS_H

#include <ampoule.h>

/* The functions, to be given to ampoule_store_new with what sqlite_rows_open returned and sqlite_rows_close. */
extern const ampoule_store_callbacks sqlite_rows;
/* Opens the file at a path, or makes it. Writers wait for one another for so many milliseconds. NULL where it cannot. */
void *sqlite_rows_open(const char *path, int patience_ms);
void sqlite_rows_close(void *ctx);

#endif
