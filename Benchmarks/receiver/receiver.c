/*
 * The destination of every drain: counts lines on loopback, for spool and its peers alike.
 *
 * It binds a free port immediately and prints "port N", but does not listen: until `open`, connections are
 * refused, as by a SIEM that is down. It reads commands from standard input:
 *
 *   watch PID    read that process's CPU clock at the first byte and at the last line
 *   open N       listen, and report when N lines have arrived
 *   total        report what has arrived so far
 *
 * Reports are lines of JSON. It ends when standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, MOST_CONNECTIONS = 32, COMMANDS = 0, LISTENER = 1, FIRST = 2 };

struct moment {
    int64_t wall_ns, sender_cpu_ns, receiver_cpu_ns;
};

static struct {
    int64_t expected, lines, bytes, connections;
    clockid_t sender_clock;
    int watching, begun, reported;
    struct moment first, last;
    FILE *save;
} state;

static void fail(const char *what) {
    fprintf(stderr, "receiver: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    /* The sender may have ended: its last reading is then unknown, shown as a negative number. */
    if (clock_gettime(clock, &time) != 0) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct moment now(void) {
    return (struct moment){
        .wall_ns = read_clock(CLOCK_MONOTONIC),
        .sender_cpu_ns = state.watching ? read_clock(state.sender_clock) : -1,
        .receiver_cpu_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID),
    };
}

static void report(const char *event) {
    printf("{\"event\":\"%s\",\"lines\":%lld,\"bytes\":%lld,\"connections\":%lld,\"wall_ns\":%lld,"
           "\"sender_cpu_first_ns\":%lld,\"sender_cpu_last_ns\":%lld,\"receiver_cpu_ns\":%lld}\n",
           event, (long long)state.lines, (long long)state.bytes, (long long)state.connections,
           (long long)(state.last.wall_ns - state.first.wall_ns), (long long)state.first.sender_cpu_ns,
           (long long)state.last.sender_cpu_ns,
           (long long)(state.last.receiver_cpu_ns - state.first.receiver_cpu_ns));
    fflush(stdout);
}

/* A loop that the compiler vectorises, so that counting is far cheaper than the read itself. */
static int64_t count_lines(const unsigned char *bytes, ssize_t count) {
    int64_t lines = 0;
    for (ssize_t i = 0; i < count; i++) lines += bytes[i] == '\n';
    return lines;
}

static void take(const unsigned char *bytes, ssize_t count) {
    if (!state.begun) {
        state.first = now();
        state.begun = 1;
    }
    state.bytes += count;
    state.lines += count_lines(bytes, count);
    if (state.save != NULL && fwrite(bytes, 1, (size_t)count, state.save) != (size_t)count) fail("save");
    if (!state.reported && state.expected > 0 && state.lines >= state.expected) {
        state.last = now();
        state.reported = 1;
        if (state.save != NULL) fflush(state.save);
        report("done");
    }
}

static void obey(char *command, int listener) {
    long long number = 0;
    if (sscanf(command, "watch %lld", &number) == 1) {
        state.watching = clock_getcpuclockid((pid_t)number, &state.sender_clock) == 0;
        printf("{\"event\":\"watching\",\"found\":%s}\n", state.watching ? "true" : "false");
    } else if (sscanf(command, "open %lld", &number) == 1) {
        state.expected = number;
        if (listen(listener, 16) != 0) fail("listen");
        printf("{\"event\":\"open\"}\n");
    } else if (strncmp(command, "total", 5) == 0) {
        report("total");
    } else {
        fprintf(stderr, "receiver: unknown command: %s\n", command);
        exit(2);
    }
    fflush(stdout);
}

/* Standard input is read with read(2) only: poll(2) would not see what stdio has buffered. */
static int obey_all(int listener) {
    static char pending[4096];
    static size_t used;
    ssize_t count = read(STDIN_FILENO, pending + used, sizeof pending - 1 - used);
    if (count <= 0) return 0;
    used += (size_t)count;
    pending[used] = '\0';
    char *line = pending, *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        obey(line, listener);
        line = end + 1;
    }
    used = strlen(line);
    memmove(pending, line, used + 1);
    return 1;
}

static int bind_loopback(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0) fail("socket");
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) fail("getsockname");
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **arguments) {
    static unsigned char buffer[READ_BYTES];
    struct pollfd polled[FIRST + MOST_CONNECTIONS] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    nfds_t open = FIRST;
    if (count == 3 && strcmp(arguments[1], "--save") == 0) {
        if ((state.save = fopen(arguments[2], "wb")) == NULL) fail(arguments[2]);
    } else if (count != 1) {
        fprintf(stderr, "usage: receiver [--save FILE]\n");
        return 2;
    }
    int listener = bind_loopback();
    polled[LISTENER] = (struct pollfd){.fd = -1, .events = POLLIN};
    for (;;) {
        /* An unconnected socket that does not listen polls as hung up: it is polled only once opened. */
        polled[LISTENER].fd = state.expected > 0 && open < FIRST + MOST_CONNECTIONS ? listener : -1;
        if (poll(polled, open, -1) < 0) {
            if (errno == EINTR) continue;
            fail("poll");
        }
        if (polled[COMMANDS].revents != 0 && !obey_all(listener)) break;
        if (polled[LISTENER].fd >= 0 && polled[LISTENER].revents & POLLIN) {
            int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            if (connection < 0) fail("accept");
            polled[open++] = (struct pollfd){.fd = connection, .events = POLLIN};
            state.connections++;
            continue;
        }
        for (nfds_t i = FIRST; i < open; i++) {
            if (polled[i].revents == 0) continue;
            ssize_t received = recv(polled[i].fd, buffer, sizeof buffer, 0);
            if (received > 0) {
                take(buffer, received);
            } else if (received == 0 || (errno != EINTR && errno != EAGAIN)) {
                close(polled[i].fd);
                polled[i--] = polled[--open];
            }
        }
    }
    if (state.save != NULL && fclose(state.save) != 0) fail("save");
    return 0;
}
