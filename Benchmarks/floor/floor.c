/*
 * The floor: the time that SQLite alone, called from C, needs for the work of spool.
 *
 *   floor insert --spool FILE --migrations FOLDER --rows N --page N [--page-size BYTES] [--stream NAME]
 *   floor read   --spool FILE [--page N]
 *   floor drain  --spool FILE --port N [--page N]
 *   floor lines  --rows N
 *   floor version
 *
 * `insert` spools generated records in pages, `read` reads them in order, `drain` also renders and sends them,
 * `lines` prints the same lines without a spool. Times exclude the generation of records; they are printed as a
 * line of JSON, on standard error for `lines`.
 */
#define _GNU_SOURCE
#include "spool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* As many lines as fit are written at once. */
enum { OUTPUT_BYTES = 1 << 20 };

static struct {
    const char *spool, *migrations, *stream;
    int64_t rows;
    int page, page_size, port;
} options = {.stream = "bench/activities", .page = 1000, .page_size = 8192};

static struct { int64_t wall_ns, cpu_ns; } spent;

static void fail(const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void start_watch(void) {
    spent.wall_ns -= read_clock(CLOCK_MONOTONIC);
    spent.cpu_ns -= read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void stop_watch(void) {
    spent.wall_ns += read_clock(CLOCK_MONOTONIC);
    spent.cpu_ns += read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void report(FILE *out, int64_t rows, int64_t bytes) {
    fprintf(out, "{\"rows\":%lld,\"bytes\":%lld,\"wall_ns\":%lld,\"cpu_ns\":%lld,\"sqlite\":\"%s\"}\n",
            (long long)rows, (long long)bytes, (long long)spent.wall_ns, (long long)spent.cpu_ns, sqlite3_libversion());
}

static void write_all(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);
        if (written < 0 && errno != EINTR) fail("write");
        if (written > 0) bytes += written, count -= (size_t)written;
    }
}

/* From an hour ago backwards, so that nothing is in the future or too old to keep. */
static int64_t first_created(void) {
    return ((int64_t)time(NULL) - 3600) * 1000 - options.rows * 50;
}

static void insert(void) {
    struct spool spool;
    struct record *records = malloc((size_t)options.page * sizeof *records);
    int64_t bytes = 0, first = first_created();
    if (records == NULL) fail("records");
    open_spool(&spool, options.spool, options.migrations, options.page_size);
    prepare_pages(&spool, options.stream);
    for (int64_t done = 0; done < options.rows;) {
        int count = options.rows - done < options.page ? (int)(options.rows - done) : options.page;
        for (int i = 0; i < count; i++) {
            make_record(&records[i], (uint64_t)(done + i), first);
            bytes += (int64_t)records[i].raw_length;
        }
        start_watch();
        insert_page(&spool, records, count);
        stop_watch();
        done += count;
    }
    close_spool(&spool);
    free(records);
    report(stdout, options.rows, bytes);
}

static int connect_to_receiver(void) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)options.port)};
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    return connection;
}

/* Reads the whole spool; with a `connection` of -1 nothing is sent. */
static void go_through(int connection) {
    static char output[OUTPUT_BYTES + LINE_BYTES];
    struct spool spool;
    struct event event;
    int64_t rows = 0, bytes = 0, last = 0, before;
    open_spool(&spool, options.spool, options.migrations, options.page_size);
    prepare_reading(&spool, options.page);
    start_watch();
    do {
        char *end = output;
        before = last;
        read_after(&spool, last);
        for (int64_t seq; (seq = next_event(&spool, &event)) != 0; rows++) {
            last = seq;
            if (connection < 0) {
                bytes += (int64_t)event.columns[MESSAGE].length;
                continue;
            }
            end = render_line(end, &event);
            if (end - output >= OUTPUT_BYTES) {
                write_all(connection, output, (size_t)(end - output));
                bytes += end - output;
                end = output;
            }
        }
        if (end > output) write_all(connection, output, (size_t)(end - output));
        bytes += end - output;
    } while (last > before);
    stop_watch();
    close_spool(&spool);
    report(stdout, rows, bytes);
}

static void print_lines(void) {
    static char output[OUTPUT_BYTES + LINE_BYTES];
    static struct record record;
    char *end = output;
    int64_t bytes = 0, first = first_created();
    for (int64_t i = 0; i < options.rows; i++) {
        make_record(&record, (uint64_t)i, first);
        end = render_line(end, &record.event);
        if (end - output < OUTPUT_BYTES && i + 1 < options.rows) continue;
        write_all(STDOUT_FILENO, output, (size_t)(end - output));
        bytes += end - output;
        end = output;
    }
    report(stderr, options.rows, bytes);
}

static void usage(void) {
    fprintf(stderr, "usage: floor insert|read|drain|lines|version [--spool FILE] [--migrations FOLDER] [--rows N] [--page N]\n"
                    "             [--page-size BYTES] [--stream NAME] [--port N]\n");
    exit(2);
}

static void read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"spool", required_argument, NULL, 's'}, {"migrations", required_argument, NULL, 'm'},
        {"stream", required_argument, NULL, 'n'}, {"rows", required_argument, NULL, 'r'},
        {"page", required_argument, NULL, 'p'}, {"page-size", required_argument, NULL, 'b'},
        {"port", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (option) {
        case 's': options.spool = optarg; break;
        case 'm': options.migrations = optarg; break;
        case 'n': options.stream = optarg; break;
        case 'r': options.rows = atoll(optarg); break;
        case 'p': options.page = atoi(optarg); break;
        case 'b': options.page_size = atoi(optarg); break;
        case 'o': options.port = atoi(optarg); break;
        default: usage();
        }
    }
    if (options.page <= 0) usage();
}

int main(int count, char **arguments) {
    if (count < 2) usage();
    const char *command = arguments[1];
    read_options(count - 1, arguments + 1);
    if (strcmp(command, "version") == 0) {
        report(stdout, 0, 0);
    } else if (strcmp(command, "lines") == 0) {
        print_lines();
    } else if (options.spool == NULL) {
        usage();
    } else if (strcmp(command, "insert") == 0 && options.migrations != NULL) {
        insert();
    } else if (strcmp(command, "read") == 0) {
        go_through(-1);
    } else if (strcmp(command, "drain") == 0 && options.port > 0) {
        go_through(connect_to_receiver());
    } else {
        usage();
    }
    return 0;
}
