/* Renders a row as a line, joined and escaped byte by byte: the minimum work of any forwarder of columns. */
#include "event.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEADER, EXTENSION };

static char *copy(char *out, const char *text, size_t length) {
    memcpy(out, text, length);
    return out + length;
}

#define LITERAL(out, text) copy((out), (text), sizeof(text) - 1)

static char *escape(char *out, struct text text, int place) {
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.bytes[i];
        if (byte == '\\' || byte == (place == HEADER ? '|' : '=')) {
            *out++ = '\\';
        } else if (byte == '\n' || byte == '\r') {
            if (place == EXTENSION) *out++ = '\\';
            byte = place == HEADER ? ' ' : byte == '\n' ? 'n' : 'r';
        }
        *out++ = byte;
    }
    return out;
}

static char *decimal(char *out, int64_t number) {
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) *out++ = digits[--count];
    return out;
}

static char *padded(char *out, int number, int width) {
    for (int place = width - 1; place >= 0; place--, number /= 10) out[place] = (char)('0' + number % 10);
    return out + width;
}

/* The date changes once a day; only the time of day is computed for each line. */
static char *time_of(char *out, int64_t milliseconds) {
    static int64_t day = -1;
    static char date[10];
    int64_t this_day = milliseconds / 86400000;
    int rest = (int)(milliseconds % 86400000);
    if (this_day != day) {
        time_t seconds = (time_t)(this_day * 86400);
        struct tm parts;
        gmtime_r(&seconds, &parts);
        char *end = padded(date, parts.tm_year + 1900, 4);
        *end++ = '-';
        end = padded(end, parts.tm_mon + 1, 2);
        *end++ = '-';
        padded(end, parts.tm_mday, 2);
        day = this_day;
    }
    out = copy(out, date, sizeof date);
    *out++ = 'T';
    out = padded(out, rest / 3600000, 2);
    *out++ = ':';
    out = padded(out, rest / 60000 % 60, 2);
    *out++ = ':';
    out = padded(out, rest / 1000 % 60, 2);
    *out++ = '.';
    out = padded(out, rest % 1000, 3);
    *out++ = 'Z';
    return out;
}

char *render_line(char *out, const struct event *event) {
    const struct text *columns = event->columns;
    size_t longest = 1024;
    for (int i = 0; i < COLUMN_COUNT; i++) longest += 2 * columns[i].length;
    if (longest + columns[EXTERNAL_ID].length * 2 > LINE_BYTES) abort();

    out = LITERAL(out, "<109>");
    out = time_of(out, event->occurred_ms);
    out = LITERAL(out, " spool-bench CEF:0|MCAS|SIEM_Agent|0.298.168|");
    out = escape(out, columns[CATEGORY], HEADER);
    *out++ = '|';
    out = escape(out, columns[ACTION], HEADER);
    out = LITERAL(out, "|0|externalId=");
    out = escape(out, columns[EXTERNAL_ID], EXTENSION);
    out = LITERAL(out, " rt=");
    out = decimal(out, event->created_ms);
    out = LITERAL(out, " start=");
    out = decimal(out, event->occurred_ms);
    out = LITERAL(out, " end=");
    out = decimal(out, event->occurred_ms);
    out = LITERAL(out, " msg=");
    out = escape(out, columns[MESSAGE], EXTENSION);
    out = LITERAL(out, " suser=");
    out = escape(out, columns[USER_NAME], EXTENSION);
    out = LITERAL(out, " destinationServiceName=");
    out = escape(out, columns[APP_NAME], EXTENSION);
    out = LITERAL(out, " dvc=");
    out = escape(out, columns[IP], EXTENSION);
    out = LITERAL(out, " requestClientApplication=");
    out = escape(out, columns[USER_AGENT], EXTENSION);
    out = LITERAL(out, " cs1Label=portalURL cs1=https://contoso.us2.portal.cloudappsecurity.com/#/audits?activity.id\\=eq(");
    out = escape(out, columns[EXTERNAL_ID], EXTENSION);
    out = LITERAL(out, ",) cs2Label=uniqueServiceAppIds cs2=");
    out = escape(out, columns[APP_ID], EXTENSION);
    out = LITERAL(out, " cs3Label=targetObjects cs3=");
    out = escape(out, columns[OBJECTS], EXTENSION);
    out = LITERAL(out, " cs4Label=policyIDs cs4=");
    out = escape(out, columns[POLICIES], EXTENSION);
    return LITERAL(out, " c6a1Label=\"Device IPv6 Address\" c6a1=\n");
}
