#include "spool.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(sqlite3 *database, const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, database ? sqlite3_errmsg(database) : "cannot be read");
    exit(2);
}

static void execute(struct spool *spool, const char *sql) {
    if (sqlite3_exec(spool->database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(spool->database, sql);
}

static sqlite3_stmt *prepare(struct spool *spool, const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(spool->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        fail(spool->database, sql);
    return statement;
}

static void step_to_end(struct spool *spool, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(spool->database, sqlite3_sql(statement));
    sqlite3_reset(statement);
}

static int64_t number(struct spool *spool, const char *sql) {
    sqlite3_stmt *statement = prepare(spool, sql);
    int64_t answer = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return answer;
}

static char *contents(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) fail(NULL, path);
    long length = ftell(file);
    char *text = malloc((size_t)length + 1);
    rewind(file);
    if (text == NULL || fread(text, 1, (size_t)length, file) != (size_t)length) fail(NULL, path);
    text[length] = '\0';
    fclose(file);
    return text;
}

static int is_migration(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".sql") == 0;
}

static void migrate(struct spool *spool, const char *folder) {
    struct dirent **names;
    int count = scandir(folder, &names, is_migration, alphasort);
    if (count <= 0) fail(NULL, folder);
    execute(spool, "BEGIN IMMEDIATE");
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        char *sql = contents(path);
        execute(spool, sql);
        free(sql);
        free(names[i]);
    }
    free(names);
    execute(spool, "COMMIT");
}

void open_spool(struct spool *spool, const char *path, const char *migrations, int page_size) {
    char pragma[64];
    memset(spool, 0, sizeof *spool);
    if (sqlite3_open_v2(path, &spool->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        fail(spool->database, path);
    snprintf(pragma, sizeof pragma, "PRAGMA page_size=%d", page_size);
    execute(spool, pragma);
    execute(spool, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                   "PRAGMA foreign_keys=ON");
    if (number(spool, "PRAGMA synchronous") != 2) fail(spool->database, "synchronous is not FULL");
    if (number(spool, "SELECT count(*) FROM sqlite_schema") == 0) migrate(spool, migrations);
}

void prepare_pages(struct spool *spool, const char *stream) {
    char columns[512] = "", marks[128] = "";
    for (int i = 0; i < COLUMN_COUNT; i++) {
        strcat(strcat(columns, ", "), column_names[i]);
        strcat(marks, ", ?");
    }
    sqlite3_stmt *find = prepare(spool, "SELECT id FROM stream WHERE name = ?");
    sqlite3_bind_text(find, 1, stream, -1, SQLITE_STATIC);
    if (sqlite3_step(find) == SQLITE_ROW) {
        spool->stream = sqlite3_column_int64(find, 0);
    } else {
        sqlite3_stmt *insert = prepare(spool,
            "INSERT INTO stream (name, source, kind, is_configured, filter_hash) VALUES (?, 'bench', 1, 1, '')");
        sqlite3_bind_text(insert, 1, stream, -1, SQLITE_STATIC);
        step_to_end(spool, insert);
        sqlite3_finalize(insert);
        spool->stream = sqlite3_last_insert_rowid(spool->database);
    }
    sqlite3_finalize(find);

    char sql[1024];
    spool->begin = prepare(spool, "BEGIN IMMEDIATE");
    spool->commit = prepare(spool, "COMMIT");
    spool->insert_window = prepare(spool,
        "INSERT INTO fetch_window (stream_id, reason, from_ms, to_ms, filter_hash, state, pages, seen, inserted, changed,"
        " started_ms, finished_ms) VALUES (?1, 'poll', ?2, ?3, '', 'complete', 1, ?4, ?4, 0, ?2, ?3)");
    snprintf(sql, sizeof sql,
        "INSERT INTO event (stream_id, kind, readable, occurred_ms, created_ms, fetched_ms, window_id, derived, severity%s)"
        " VALUES (?, 1, 1, ?, ?, ?, ?, 1, NULL%s) ON CONFLICT (stream_id, external_id) DO NOTHING", columns, marks);
    spool->insert_event = prepare(spool, sql);
    spool->insert_record = prepare(spool, "INSERT INTO record (seq, raw) VALUES (?, ?)");
    spool->move_cursor = prepare(spool, 
        "UPDATE stream SET cursor = ?1, newest_ms = ?2, source_ms = ?2, last_success_ms = ?2, inserted = inserted + ?3,"
        " kept = kept + ?3, state = 'connected' WHERE id = ?4");
}

void insert_page(struct spool *spool, const struct record *records, int count) {
    enum { STREAM = 1, OCCURRED, CREATED, FETCHED, WINDOW, TEXTS };
    int64_t first = records[0].event.created_ms, last = records[count - 1].event.created_ms;
    char cursor[64];

    step_to_end(spool, spool->begin);
    sqlite3_bind_int64(spool->insert_window, 1, spool->stream);
    sqlite3_bind_int64(spool->insert_window, 2, first);
    sqlite3_bind_int64(spool->insert_window, 3, last + 1);
    sqlite3_bind_int(spool->insert_window, 4, count);
    step_to_end(spool, spool->insert_window);
    int64_t window = sqlite3_last_insert_rowid(spool->database);

    int inserted = 0;
    for (int i = 0; i < count; i++) {
        const struct event *event = &records[i].event;
        sqlite3_stmt *insert = spool->insert_event;
        sqlite3_bind_int64(insert, STREAM, spool->stream);
        sqlite3_bind_int64(insert, OCCURRED, event->occurred_ms);
        sqlite3_bind_int64(insert, CREATED, event->created_ms);
        sqlite3_bind_int64(insert, FETCHED, last);
        sqlite3_bind_int64(insert, WINDOW, window);
        for (int column = 0; column < COLUMN_COUNT; column++) {
            struct text text = event->columns[column];
            sqlite3_bind_text(insert, TEXTS + column, text.bytes, (int)text.length, SQLITE_STATIC);
        }
        step_to_end(spool, insert);
        if (sqlite3_changes(spool->database) == 0) continue;
        inserted++;
        sqlite3_bind_int64(spool->insert_record, 1, sqlite3_last_insert_rowid(spool->database));
        sqlite3_bind_text(spool->insert_record, 2, records[i].raw, (int)records[i].raw_length, SQLITE_STATIC);
        step_to_end(spool, spool->insert_record);
    }

    snprintf(cursor, sizeof cursor, "{\"since\":%lld}", (long long)last);
    sqlite3_bind_text(spool->move_cursor, 1, cursor, -1, SQLITE_STATIC);
    sqlite3_bind_int64(spool->move_cursor, 2, last);
    sqlite3_bind_int(spool->move_cursor, 3, inserted);
    sqlite3_bind_int64(spool->move_cursor, 4, spool->stream);
    step_to_end(spool, spool->move_cursor);
    step_to_end(spool, spool->commit);
}

void prepare_reading(struct spool *spool, int batch) {
    char sql[1024] = "SELECT seq, occurred_ms, created_ms";
    for (int i = 0; i < COLUMN_COUNT; i++) strcat(strcat(sql, ", "), column_names[i]);
    strcat(sql, " FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    spool->read = prepare(spool, sql);
    sqlite3_bind_int(spool->read, 2, batch);
}

void read_after(struct spool *spool, int64_t seq) {
    sqlite3_reset(spool->read);
    sqlite3_bind_int64(spool->read, 1, seq);
}

int64_t next_event(struct spool *spool, struct event *event) {
    enum { SEQ, OCCURRED, CREATED, TEXTS };
    int answer = sqlite3_step(spool->read);
    if (answer == SQLITE_DONE) return 0;
    if (answer != SQLITE_ROW) fail(spool->database, "read");
    event->occurred_ms = sqlite3_column_int64(spool->read, OCCURRED);
    event->created_ms = sqlite3_column_int64(spool->read, CREATED);
    for (int column = 0; column < COLUMN_COUNT; column++) {
        event->columns[column].bytes = (const char *)sqlite3_column_text(spool->read, TEXTS + column);
        event->columns[column].length = (size_t)sqlite3_column_bytes(spool->read, TEXTS + column);
    }
    return sqlite3_column_int64(spool->read, SEQ);
}

void close_spool(struct spool *spool) {
    sqlite3_stmt *statements[] = {spool->begin, spool->commit, spool->insert_window, spool->insert_event,
        spool->insert_record, spool->move_cursor, spool->read};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) sqlite3_finalize(statements[i]);
    if (sqlite3_close(spool->database) != SQLITE_OK) fail(spool->database, "close");
}
