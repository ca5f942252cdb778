/*
 * Generated activities, of the portal's size and shape: 2.5 KB of JSON, of which about 480 bytes become columns
 * and 935 a line. Ids are random, as the portal's are, so that accesses to the unique index are spread.
 */
#include "event.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *const column_names[COLUMN_COUNT] = {
    "external_id", "category", "action", "message", "user_name", "app_name", "app_id", "ip", "country", "user_agent",
    "objects", "policies", "link",
};

enum { EVENTS_PER_SECOND = 20, USERS = 5000, FILES = 100000 };

static const struct { const char *category, *action, *operation; } kinds[] = {
    {"EVENT_CATEGORY_UPLOAD_FILE", "Upload file", "FileUploaded"},
    {"EVENT_CATEGORY_DOWNLOAD_FILE", "Download file", "FileDownloaded"},
    {"EVENT_CATEGORY_MODIFY_FILE", "Modify file", "FileModified"},
    {"EVENT_CATEGORY_SHARE_FILE", "Share file", "SharingSet"},
    {"EVENT_CATEGORY_ACCESS_FILE", "Access file", "FileAccessed"},
};
static const struct { const char *name; int id; } apps[] = {
    {"Microsoft SharePoint Online", 20892}, {"Microsoft OneDrive for Business", 15600}, {"Microsoft Teams", 28375},
};
static const struct { const char *country, *city; } places[] = {
    {"FR", "paris"}, {"DE", "berlin"}, {"US", "seattle"}, {"IL", "tel aviv"}, {"JP", "osaka"}, {"BR", "recife"},
};
static const char *const agents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Excel 16.0.17928; Pro)",
};

#define PICK(list, random) (list)[(random) % (sizeof(list) / sizeof((list)[0]))]

/* splitmix64: well-mixed bits for each number. */
static uint64_t mix(uint64_t *state) {
    uint64_t bits = (*state += 0x9e3779b97f4a7c15u);
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

/* Appends text at `*end`, which it moves, and returns the appended text. */
__attribute__((format(printf, 3, 4)))
static struct text append(char **end, const char *limit, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(*end, (size_t)(limit - *end), format, arguments);
    va_end(arguments);
    if (length < 0 || length >= limit - *end) abort();
    struct text text = {.bytes = *end, .length = (size_t)length};
    *end += length;
    return text;
}

void make_record(struct record *record, uint64_t number, int64_t first_ms) {
    uint64_t state = number * 0x2545f4914f6cdd1du + 1, high = mix(&state), low = mix(&state), dice = mix(&state);
    int kind = (int)(dice % 5), user = (int)((dice >> 8) % USERS), file = (int)((dice >> 24) % FILES);
    int app = (int)((dice >> 48) % 3), place = (int)((dice >> 52) % 6);
    const char *agent = PICK(agents, dice >> 56), *country = places[place].country;
    struct event *event = &record->event;
    struct text *columns = event->columns;
    char *end = record->texts;
    const char *limit = record->texts + sizeof record->texts;

    event->created_ms = first_ms + (int64_t)number * 1000 / EVENTS_PER_SECOND;
    event->occurred_ms = event->created_ms - 60000 - (int64_t)(high % 300000);
    columns[EXTERNAL_ID] = append(&end, limit, "99000001_%d_%08x-%04x-%04x-%04x-%012llx", apps[app].id,
        (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xffff, (unsigned)(low >> 48),
        (unsigned long long)(low & 0xffffffffffff));
    columns[CATEGORY] = append(&end, limit, "%s", kinds[kind].category);
    columns[ACTION] = append(&end, limit, "%s", kinds[kind].action);
    columns[MESSAGE] = append(&end, limit, "%s: file quarterly-report-%05d.xlsx; Session %08x",
        kinds[kind].action, file, (unsigned)low);
    columns[USER_NAME] = append(&end, limit, "user-%04d@contoso.example.com", user);
    columns[APP_NAME] = append(&end, limit, "%s", apps[app].name);
    columns[APP_ID] = append(&end, limit, "%d", apps[app].id);
    columns[IP] = append(&end, limit, "203.0.113.%d", user % 254 + 1);
    columns[COUNTRY] = append(&end, limit, "%s", country);
    columns[USER_AGENT] = append(&end, limit, "%s", agent);
    columns[OBJECTS] = append(&end, limit,
        "https://contoso.example.com/sites/finance/Documents/quarterly-report-%05d.xlsx,"
        "user-%04d@contoso.example.com,User %04d", file, user, user);
    columns[POLICIES] = append(&end, limit, "%s", dice & 1 ? "59f0ab82f797fa0681e9b1c7" : "");
    columns[LINK] = append(&end, limit, "%s", "");

    const char *id = columns[EXTERNAL_ID].bytes;
    int id_length = (int)columns[EXTERNAL_ID].length;
    long long created = event->created_ms, occurred = event->occurred_ms;
    char *raw = record->raw;
    record->raw_length = append(&raw, record->raw + sizeof record->raw,
        "{\"_id\":\"%.*s\",\"tenantId\":99000001,\"aadTenantId\":\"11111111-2222-4333-8444-555555555555\",\"appId\":%d,"
        "\"saasId\":%d,\"timestamp\":%lld,\"timestampRaw\":%lld,\"instantiation\":%lld,\"instantiationRaw\":%lld,"
        "\"created\":%lld,\"createdRaw\":%lld,\"eventType\":233477,\"eventTypeValue\":\"EVENT_O365_SHAREPOINT_FILE\","
        "\"eventRouting\":{\"scubaUnpacker\":false,\"lograbber\":true,\"auditing\":true},\"device\":{\"clientIP\":"
        "\"203.0.113.%d\",\"userAgent\":\"%s\",\"countryCode\":\"%s\"},\"location\":{\"countryCode\":\"%s\",\"city\":\"%s\","
        "\"longitude\":2.3522,\"latitude\":48.8566,\"organizationSearchable\":\"Example Telecom\",\"anonymousProxy\":false,"
        "\"isSatelliteProvider\":false,\"category\":0,\"categoryValue\":\"NONE\"},\"user\":{\"userName\":"
        "\"user-%04d@contoso.example.com\",\"userTags\":[\"5f01dbbc68df27c17aa6ca81\"]},\"userAgent\":{\"family\":\"CHROME\","
        "\"name\":\"Chrome\",\"operatingSystem\":{\"name\":\"Windows 10\",\"family\":\"Windows\",\"version\":\"10\"},"
        "\"type\":\"Browser\",\"typeName\":\"Browser\",\"version\":\"131.0\",\"major\":\"131\",\"minor\":\"0\",\"deviceType\":"
        "\"DESKTOP\",\"nativeBrowser\":false,\"os\":\"windows\",\"browser\":\"CHROME\"},\"internals\":{\"otherIPs\":"
        "[\"203.0.113.%d\"]},\"mainInfo\":{\"eventObjects\":[{\"objType\":1,\"role\":3,\"tags\":[],\"name\":"
        "\"https://contoso.example.com/sites/finance/Documents/quarterly-report-%05d.xlsx\",\"id\":"
        "\"%016llx|%016llx\"},{\"objType\":21,\"role\":4,\"tags\":[],\"name\":\"User %04d\",\"instanceId\":0,\"resolved\":true,"
        "\"saasId\":11161,\"id\":\"user-%04d@contoso.example.com\"}],\"rawOperationName\":\"%s\",\"prettyOperationName\":"
        "\"%s\",\"type\":\"basic\"},\"confidenceLevel\":20,\"source\":2,\"srcAppId\":11161,\"rawDataJson\":{\"Id\":\"%016llx\","
        "\"Operation\":\"%s\",\"RecordType\":6,\"UserId\":\"user-%04d@contoso.example.com\",\"Workload\":\"SharePoint\","
        "\"SourceFileName\":\"quarterly-report-%05d.xlsx\",\"ClientIP\":\"203.0.113.%d\"},\"resolvedActor\":{\"id\":"
        "\"aaaaaaaa-0000-4000-8000-%012d\",\"saasId\":\"11161\",\"instanceId\":\"0\",\"objType\":\"23\",\"name\":\"User %04d\","
        "\"role\":\"4\",\"resolved\":true},\"uid\":\"%.*s\",\"appName\":\"%s\",\"eventTypeName\":\"%s\",\"classifications\":[],"
        "\"description_id\":\"EVENT_DESCRIPTION_BASIC_EVENT\",\"description_metadata\":{\"target_object\":"
        "\"file quarterly-report-%05d.xlsx\",\"operation_name\":\"%s\",\"colon\":\": \",\"dash\":\"\"},\"description\":"
        "\"%s: file quarterly-report-%05d.xlsx; Session %08x\","
        "\"genericEventType\":\"ENUM_ACTIVITY_GENERIC_TYPE_BASIC\",\"severity\":\"INFO\"}",
        id_length, id, apps[app].id, apps[app].id, occurred, occurred, created, created, created, created, user % 254 + 1,
        agent, country, country, places[place].city, user, user % 254 + 1, file, (unsigned long long)high,
        (unsigned long long)low, user, user, kinds[kind].operation, kinds[kind].operation, (unsigned long long)high,
        kinds[kind].operation, user, file, user % 254 + 1, user, user, id_length, id, apps[app].name,
        kinds[kind].category, file, kinds[kind].operation, kinds[kind].action, file, (unsigned)low).length;
}
