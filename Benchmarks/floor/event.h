/* An event of the floor: numbers and text columns, generated or read from a row. */
#ifndef FLOOR_EVENT_H
#define FLOOR_EVENT_H

#include <stddef.h>
#include <stdint.h>

enum column {
    EXTERNAL_ID, CATEGORY, ACTION, MESSAGE, USER_NAME, APP_NAME, APP_ID, IP, COUNTRY, USER_AGENT, OBJECTS,
    POLICIES, LINK, COLUMN_COUNT
};

/* The columns' names in the spool's table `event`, in the order above. */
extern const char *const column_names[COLUMN_COUNT];

struct text {
    const char *bytes;
    size_t length;
};

struct event {
    int64_t occurred_ms, created_ms;
    struct text columns[COLUMN_COUNT];
};

/* A generated event with its own memory for texts, and the record that it could have been read from. */
struct record {
    struct event event;
    size_t raw_length;
    char texts[2048];
    char raw[4096];
};

/* Generates the record of that number. The same number always gives the same record. */
void make_record(struct record *record, uint64_t number, int64_t first_ms);

/* The maximum length of a line in bytes. */
enum { LINE_BYTES = 16384 };

/* Writes the event as the line that the retired agent would have sent; returns its end. */
char *render_line(char *out, const struct event *event);

#endif
