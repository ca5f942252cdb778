/* The spool as an SQLite database: the project's schema, opened with the daemon's settings. */
#ifndef FLOOR_SPOOL_H
#define FLOOR_SPOOL_H

#include "event.h"

#include <sqlite3.h>

struct spool {
    sqlite3 *database;
    sqlite3_stmt *begin, *commit, *insert_window, *insert_event, *insert_record, *move_cursor, *read;
    int64_t stream;
};

/*
 * Opens a spool for writing, creating it from the files of `migrations` if it does not exist. The page size is
 * for a new file; an existing one keeps its own.
 */
void open_spool(struct spool *spool, const char *path, const char *migrations, int page_size);

/* Prepares the transaction of a page, for the stream of that name, which is created if it does not exist. */
void prepare_pages(struct spool *spool, const char *stream);

/* Spools a page as the daemon does: columns, raw records, window and cursor in one transaction, durable on return. */
void insert_page(struct spool *spool, const struct record *records, int count);

/* Prepares reading in the order of `seq`, at most `batch` events per query. */
void prepare_reading(struct spool *spool, int batch);

/* Starts a query after `seq`. */
void read_after(struct spool *spool, int64_t seq);

/* The query's next event, whose texts are valid until the next call; its `seq`, or 0 at the end. */
int64_t next_event(struct spool *spool, struct event *event);

void close_spool(struct spool *spool);

#endif
