#include "SpoolFaults.h"

#if defined(__linux__)

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define DESCRIPTORS 65536
#define RULES 8

/* The next definition of a function, normally that of the C library. */
#define NEXT(name) ((__typeof__(&name))next(#name, &pointer_##name))
#define POINTER(name) static void *pointer_##name

static void *next(const char *name, void **pointer) {
    void *found = __atomic_load_n(pointer, __ATOMIC_ACQUIRE);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        if (!found) abort();
        __atomic_store_n(pointer, found, __ATOMIC_RELEASE);
    }
    return found;
}

/* MARK: Setup */

enum what { WHAT_ERROR, WHAT_SHORT, WHAT_DELAY };

struct rule {
    enum spoolfaults_class class;
    enum what what;
    int error;
    uint64_t first, count, milliseconds;
};

/* A descriptor of a file in the folder. */
struct tracked {
    uint64_t file;
    char *path;
    int is_folder;
};

static char folder[PATH_MAX];
static size_t folder_length;
static const char *files;
static int record_descriptor = -1;
static struct rule rules[RULES];
static int rule_count;
static struct spoolfaults_state own_state;
static struct spoolfaults_state *state = &own_state;
static struct tracked *table[DESCRIPTORS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int read_rule(char *text, struct rule *rule) {
    static const char *const classes[] = {"write", "read", "sync", "truncate", "open", "allocate", "name"};
    static const struct { const char *name; int error; } errors[] = {
        {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EMFILE", EMFILE},
    };
    char *rest = text, *part;
    int class = 0, known = 0;
    if (!(part = strsep(&rest, ":"))) return 0;
    while (class < SPOOLFAULTS_CLASSES && strcmp(classes[class], part)) class++;
    if (class == SPOOLFAULTS_CLASSES) return 0;
    rule->class = class;
    if (!(part = strsep(&rest, ":"))) return 0;
    if (!strcmp(part, "short")) known = 1, rule->what = WHAT_SHORT;
    if (!strcmp(part, "delay")) known = 1, rule->what = WHAT_DELAY;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (!strcmp(errors[i].name, part)) known = 1, rule->what = WHAT_ERROR, rule->error = errors[i].error;
    }
    if (!known || !(part = strsep(&rest, ":"))) return 0;
    rule->first = strtoull(part, NULL, 10);
    if (!(part = strsep(&rest, ":"))) return 0;
    rule->count = strtoull(part, NULL, 10);
    if ((part = strsep(&rest, ":"))) rule->milliseconds = strtoull(part, NULL, 10);
    return rule->first > 0;
}

static void fail_setup(const char *what) {
    dprintf(STDERR_FILENO, "spoolfaults: %s\n", what);
    _exit(99);
}

/* A descriptor that programs do not expect to own: some close all small ones. */
static int keep_high(int descriptor) {
    int high = (int)syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 900);
    if (high < 0) return descriptor;
    syscall(SYS_close, descriptor);
    return high;
}

static void setup(void) {
    const char *text = getenv("SPOOLFAULTS_FOLDER");
    if (!text || !*text || strlen(text) >= sizeof folder) return;
    strcpy(folder, text);
    folder_length = strlen(folder);
    while (folder_length > 1 && folder[folder_length - 1] == '/') folder[--folder_length] = 0;
    files = getenv("SPOOLFAULTS_FILES");
    if ((text = getenv("SPOOLFAULTS_STATE"))) {
        int descriptor = (int)syscall(SYS_openat, AT_FDCWD, text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor < 0 || syscall(SYS_ftruncate, descriptor, (off_t)sizeof *state)) fail_setup("no state file");
        void *map = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (map == MAP_FAILED) fail_setup("no state file");
        state = map;
        syscall(SYS_close, descriptor);
    }
    if ((text = getenv("SPOOLFAULTS_INJECT"))) {
        char *copy = strdup(text), *rest = copy, *part;
        while ((part = strsep(&rest, ";"))) {
            if (!*part) continue;
            if (rule_count == RULES || !read_rule(part, &rules[rule_count++])) fail_setup("unknown rule");
        }
        free(copy);
    }
    if ((text = getenv("SPOOLFAULTS_RECORD"))) {
        int descriptor = (int)syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor < 0) fail_setup("no record file");
        record_descriptor = keep_high(descriptor);
    }
}

static int is_active(void) {
    pthread_once(&once, setup);
    return folder_length > 0;
}

/* MARK: Paths */

/* The path as an absolute one without `.`, `..` and double slashes; symbolic links are not followed. */
static int absolute(int at, const char *path, char *result) {
    char whole[PATH_MAX * 2];
    if (path[0] == '/') {
        if (strlen(path) >= PATH_MAX) return 0;
        strcpy(whole, path);
    } else {
        char base[PATH_MAX], link[64];
        if (at == AT_FDCWD) {
            if (syscall(SYS_getcwd, base, sizeof base) < 0) return 0;
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t length = readlink(link, base, sizeof base - 1);
            if (length < 0) return 0;
            base[length] = 0;
        }
        if (snprintf(whole, sizeof whole, "%s/%s", base, path) >= PATH_MAX) return 0;
    }
    size_t end = 0;
    char *rest = whole, *part;
    result[0] = 0;
    while ((part = strsep(&rest, "/"))) {
        if (!*part || !strcmp(part, ".")) continue;
        if (!strcmp(part, "..")) {
            while (end > 0 && result[--end] != '/') {}
            result[end] = 0;
        } else {
            end += (size_t)sprintf(result + end, "/%s", part);
        }
    }
    return 1;
}

/* The path relative to the folder, empty for the folder itself; NULL if it is not in the folder. */
static const char *inside(int at, const char *path, char *buffer) {
    if (!is_active() || !path || !absolute(at, path, buffer)) return NULL;
    if (strncmp(buffer, folder, folder_length)) return NULL;
    if (!buffer[folder_length]) return buffer + folder_length;
    return buffer[folder_length] == '/' ? buffer + folder_length + 1 : NULL;
}

/* MARK: Record */

/* Appends an operation; the mutex is held. */
static void record(enum spoolfaults_operation operation, int flags, uint64_t file, uint64_t offset, const char *path,
                   const char *path2, const struct iovec *data, int parts, size_t length) {
    if (record_descriptor < 0) return;
    struct spoolfaults_record header = {
        .magic = SPOOLFAULTS_MAGIC,
        .operation = (uint8_t)operation,
        .flags = (uint8_t)flags,
        .path_length = (uint16_t)(path ? strlen(path) : 0),
        .path2_length = (uint16_t)(path2 ? strlen(path2) : 0),
        .data_length = (uint32_t)length,
        .time_ns = now(),
        .file = file,
        .offset = offset,
    };
    size_t size = sizeof header + header.path_length + header.path2_length + length;
    char *bytes = malloc(size), *end = bytes;
    if (!bytes) fail_setup("no memory for the record");
    memcpy(end, &header, sizeof header), end += sizeof header;
    if (path) memcpy(end, path, header.path_length), end += header.path_length;
    if (path2) memcpy(end, path2, header.path2_length), end += header.path2_length;
    for (int i = 0; i < parts && length > 0; i++) {
        size_t count = data[i].iov_len < length ? data[i].iov_len : length;
        memcpy(end, data[i].iov_base, count), end += count;
        length -= count;
    }
    for (size_t done = 0; done < size;) {
        long count = syscall(SYS_write, record_descriptor, bytes + done, size - done);
        if (count < 0 && errno != EINTR) fail_setup("the record cannot be written");
        if (count > 0) done += (size_t)count;
    }
    free(bytes);
}

/* MARK: Injection */

/* What happens to a call: 0 nothing, 1 it fails with `errno`, 2 it is made with half of the bytes. */
static int meddle(enum spoolfaults_class class, const char *path) {
    if (files && *path && !strstr(path, files)) return 0;
    uint64_t call = __atomic_add_fetch(&state->calls[class], 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < rule_count; i++) {
        const struct rule *rule = &rules[i];
        if (rule->class != class || call < rule->first) continue;
        if (rule->count && call >= rule->first + rule->count) continue;
        uint64_t time = now(), first = 0;
        if (!__atomic_compare_exchange_n(&state->first_ns, &first, time, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
            && rule->what != WHAT_DELAY && rule->milliseconds && time - first > rule->milliseconds * 1000000u) {
            continue;
        }
        __atomic_add_fetch(&state->affected, 1, __ATOMIC_SEQ_CST);
        if (rule->what == WHAT_DELAY) {
            struct timespec pause = {(time_t)(rule->milliseconds / 1000), (long)(rule->milliseconds % 1000) * 1000000};
            while (nanosleep(&pause, &pause) && errno == EINTR) {}
            continue;
        }
        if (rule->what == WHAT_SHORT) return 2;
        errno = rule->error;
        return 1;
    }
    return 0;
}

/* MARK: Descriptors */

/* The file behind a descriptor; false if it is not in the folder. The caller frees `path`. */
static int lookup(int descriptor, struct tracked *result) {
    if (descriptor < 0 || descriptor >= DESCRIPTORS) return 0;
    if (!__atomic_load_n(&table[descriptor], __ATOMIC_ACQUIRE)) return 0;
    int is_found = 0;
    pthread_mutex_lock(&mutex);
    if (table[descriptor]) {
        *result = *table[descriptor];
        result->path = strdup(result->path);
        is_found = result->path != NULL;
    }
    pthread_mutex_unlock(&mutex);
    return is_found;
}

/* Replaces the entry of a descriptor; the mutex is held. */
static void track(int descriptor, struct tracked *entry) {
    if (descriptor < 0 || descriptor >= DESCRIPTORS) return;
    struct tracked *old = table[descriptor];
    __atomic_store_n(&table[descriptor], entry, __ATOMIC_RELEASE);
    if (old) free(old->path);
    free(old);
}

/* MARK: Opening and closing */

static int opened(int at, const char *path, int flags, mode_t mode) {
    char buffer[PATH_MAX * 2];
    const char *name = inside(at, path, buffer);
    if (!name) return (int)syscall(SYS_openat, at, path, flags, mode);
    if (meddle(SPOOLFAULTS_OPEN, name) == 1) return -1;
    pthread_mutex_lock(&mutex);
    struct stat before, after;
    int was_there = !stat(buffer, &before);
    int descriptor = (int)syscall(SYS_openat, at, path, flags, mode);
    int error = errno;
    if (descriptor >= 0 && !fstat(descriptor, &after)) {
        struct tracked *entry = malloc(sizeof *entry);
        if (!entry || !(entry->path = strdup(name))) fail_setup("no memory");
        entry->file = after.st_ino;
        entry->is_folder = S_ISDIR(after.st_mode);
        track(descriptor, entry);
        if (S_ISREG(after.st_mode)) {
            int is_new = !was_there, is_dropped = (flags & O_TRUNC) != 0;
            record(SPOOLFAULTS_OPENED, is_new | is_dropped << 1, entry->file, 0, name, NULL, NULL, 0, 0);
        }
    }
    pthread_mutex_unlock(&mutex);
    errno = error;
    return descriptor;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list list; \
        va_start(list, flags); \
        mode = va_arg(list, mode_t); \
        va_end(list); \
    }

EXPORT int open(const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(AT_FDCWD, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

EXPORT int openat(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(at, path, flags, mode);
}

EXPORT int openat64(int at, const char *path, int flags, ...) {
    MODE(flags, mode)
    return opened(at, path, flags | O_LARGEFILE, mode);
}

EXPORT int creat(const char *path, mode_t mode) {
    return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode) { return creat(path, mode); }

POINTER(close);
EXPORT int close(int descriptor) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS && __atomic_load_n(&table[descriptor], __ATOMIC_ACQUIRE)) {
        pthread_mutex_lock(&mutex);
        track(descriptor, NULL);
        pthread_mutex_unlock(&mutex);
    }
    return NEXT(close)(descriptor);
}

/* MARK: Writing and reading */

POINTER(pwritev64);
POINTER(writev);

/* Makes a write of a file in the folder; `offset` is -1 for the descriptor's own position. */
static ssize_t written(int descriptor, const struct tracked *file, const struct iovec *data, int parts, off_t offset) {
    int fate = meddle(SPOOLFAULTS_WRITE, file->path);
    if (fate == 1) return -1;
    struct iovec half;
    if (fate == 2 && parts > 0 && data[0].iov_len > 1) {
        half = (struct iovec){data[0].iov_base, data[0].iov_len / 2};
        data = &half, parts = 1;
    }
    pthread_mutex_lock(&mutex);
    ssize_t count = offset < 0 ? NEXT(writev)(descriptor, data, parts) : NEXT(pwritev64)(descriptor, data, parts, offset);
    int error = errno;
    if (count > 0) {
        uint64_t start = offset < 0 ? (uint64_t)lseek(descriptor, 0, SEEK_CUR) - (uint64_t)count : (uint64_t)offset;
        record(SPOOLFAULTS_WRITTEN, 0, file->file, start, NULL, NULL, data, parts, (size_t)count);
    }
    pthread_mutex_unlock(&mutex);
    errno = error;
    return count;
}

#define WRITING(call, data, parts, offset) \
    struct tracked file; \
    if (!lookup(descriptor, &file)) return call; \
    ssize_t result = written(descriptor, &file, data, parts, offset); \
    int error = errno; \
    free(file.path); \
    errno = error; \
    return result;

POINTER(write);
EXPORT ssize_t write(int descriptor, const void *bytes, size_t count) {
    struct iovec data = {(void *)bytes, count};
    WRITING(NEXT(write)(descriptor, bytes, count), &data, 1, -1)
}

EXPORT ssize_t writev(int descriptor, const struct iovec *data, int parts) {
    WRITING(NEXT(writev)(descriptor, data, parts), data, parts, -1)
}

POINTER(pwrite);
EXPORT ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    struct iovec data = {(void *)bytes, count};
    WRITING(NEXT(pwrite)(descriptor, bytes, count, offset), &data, 1, offset)
}

POINTER(pwrite64);
EXPORT ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    struct iovec data = {(void *)bytes, count};
    WRITING(NEXT(pwrite64)(descriptor, bytes, count, offset), &data, 1, offset)
}

POINTER(pwritev);
EXPORT ssize_t pwritev(int descriptor, const struct iovec *data, int parts, off_t offset) {
    WRITING(NEXT(pwritev)(descriptor, data, parts, offset), data, parts, offset)
}

EXPORT ssize_t pwritev64(int descriptor, const struct iovec *data, int parts, off64_t offset) {
    WRITING(NEXT(pwritev64)(descriptor, data, parts, offset), data, parts, offset)
}

#define READING(call) \
    struct tracked file; \
    if (lookup(descriptor, &file)) { \
        int fate = meddle(SPOOLFAULTS_READ, file.path), error = errno; \
        free(file.path); \
        errno = error; \
        if (fate == 1) return -1; \
    } \
    return call;

POINTER(read);
EXPORT ssize_t read(int descriptor, void *bytes, size_t count) { READING(NEXT(read)(descriptor, bytes, count)) }

POINTER(pread);
EXPORT ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
    READING(NEXT(pread)(descriptor, bytes, count, offset))
}

POINTER(pread64);
EXPORT ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
    READING(NEXT(pread64)(descriptor, bytes, count, offset))
}

/* MARK: Copies within the kernel */

/* Records what such a copy has written before the position `end`; the mutex is held. */
static void record_copied(int descriptor, const struct tracked *file, uint64_t end, size_t count) {
    if (record_descriptor < 0) return;
    char link[64], *bytes = malloc(count);
    if (!bytes) fail_setup("no memory for the record");
    /* The descriptor may be open for writing only. */
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    int reader = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
    if (reader < 0 || syscall(SYS_pread64, reader, bytes, count, (off_t)(end - count)) != (long)count) {
        fail_setup("a copy cannot be recorded");
    }
    syscall(SYS_close, reader);
    struct iovec data = {bytes, count};
    record(SPOOLFAULTS_WRITTEN, 0, file->file, end - count, NULL, NULL, &data, 1, count);
    free(bytes);
}

#define COPYING(call, target, end) \
    struct tracked file; \
    if (!lookup(target, &file)) return call; \
    ssize_t count = -1; \
    if (meddle(SPOOLFAULTS_WRITE, file.path) != 1) { \
        pthread_mutex_lock(&mutex); \
        count = call; \
        if (count > 0) record_copied(target, &file, (uint64_t)(end), (size_t)count); \
        pthread_mutex_unlock(&mutex); \
    } \
    int error = errno; \
    free(file.path); \
    errno = error; \
    return count;

extern ssize_t sendfile64(int, int, off64_t *, size_t);
POINTER(sendfile64);
EXPORT ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
    COPYING(NEXT(sendfile64)(to, from, offset, length), to, lseek(to, 0, SEEK_CUR))
}

EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
    COPYING(NEXT(sendfile64)(to, from, offset, length), to, lseek(to, 0, SEEK_CUR))
}

POINTER(copy_file_range);
EXPORT ssize_t copy_file_range(int from, off64_t *source, int to, off64_t *target, size_t length, unsigned flags) {
    COPYING(NEXT(copy_file_range)(from, source, to, target, length, flags), to,
            target ? *target : lseek(to, 0, SEEK_CUR))
}

/* MARK: Lengths and syncs */

#define CHANGING(class, call, failure, operation, place) \
    struct tracked file; \
    if (!lookup(descriptor, &file)) return call; \
    int result, error; \
    if (meddle(class, file.path) == 1) { \
        result = failure; \
        error = errno; \
    } else { \
        pthread_mutex_lock(&mutex); \
        result = call; \
        error = errno; \
        if (!result) { \
            enum spoolfaults_operation done = file.is_folder ? SPOOLFAULTS_FOLDER_SYNCED : operation; \
            record(done, 0, file.file, place, file.is_folder ? file.path : NULL, NULL, NULL, 0, 0); \
        } \
        pthread_mutex_unlock(&mutex); \
    } \
    free(file.path); \
    errno = error; \
    return result;

POINTER(ftruncate);
EXPORT int ftruncate(int descriptor, off_t length) {
    CHANGING(SPOOLFAULTS_TRUNCATE, NEXT(ftruncate)(descriptor, length), -1, SPOOLFAULTS_TRUNCATED, (uint64_t)length)
}

POINTER(ftruncate64);
EXPORT int ftruncate64(int descriptor, off64_t length) {
    CHANGING(SPOOLFAULTS_TRUNCATE, NEXT(ftruncate64)(descriptor, length), -1, SPOOLFAULTS_TRUNCATED, (uint64_t)length)
}

POINTER(posix_fallocate);
EXPORT int posix_fallocate(int descriptor, off_t offset, off_t length) {
    CHANGING(SPOOLFAULTS_ALLOCATE, NEXT(posix_fallocate)(descriptor, offset, length), errno, SPOOLFAULTS_ALLOCATED,
             (uint64_t)(offset + length))
}

POINTER(posix_fallocate64);
EXPORT int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
    CHANGING(SPOOLFAULTS_ALLOCATE, NEXT(posix_fallocate64)(descriptor, offset, length), errno, SPOOLFAULTS_ALLOCATED,
             (uint64_t)(offset + length))
}

POINTER(fsync);
EXPORT int fsync(int descriptor) { CHANGING(SPOOLFAULTS_SYNC, NEXT(fsync)(descriptor), -1, SPOOLFAULTS_SYNCED, 0) }

POINTER(fdatasync);
EXPORT int fdatasync(int descriptor) {
    CHANGING(SPOOLFAULTS_SYNC, NEXT(fdatasync)(descriptor), -1, SPOOLFAULTS_SYNCED, 0)
}

/* MARK: Names */

static uint64_t inode_of(const char *path) {
    struct stat status;
    return lstat(path, &status) ? 0 : (uint64_t)status.st_ino;
}

/* Makes a change of one or two names; `path2` is `no_path` for one. */
#define NAMING(at, path, at2, path2, call, operation) \
    char buffer[PATH_MAX * 2], buffer2[PATH_MAX * 2]; \
    const char *name = inside(at, path, buffer), *name2 = path2 ? inside(at2, path2, buffer2) : NULL; \
    if (!name && !name2) return call; \
    if (meddle(SPOOLFAULTS_NAME, name ? name : name2) == 1) return -1; \
    pthread_mutex_lock(&mutex); \
    uint64_t file = name ? inode_of(buffer) : 0; \
    int result = call; \
    int error = errno; \
    if (!result) record(operation, 0, file, 0, name, name2, NULL, 0, 0); \
    pthread_mutex_unlock(&mutex); \
    errno = error; \
    return result;

static const char *const no_path = NULL;

POINTER(unlink);
EXPORT int unlink(const char *path) {
    NAMING(AT_FDCWD, path, AT_FDCWD, no_path, NEXT(unlink)(path), SPOOLFAULTS_UNLINKED)
}

POINTER(unlinkat);
EXPORT int unlinkat(int at, const char *path, int flags) {
    NAMING(at, path, AT_FDCWD, no_path, NEXT(unlinkat)(at, path, flags), SPOOLFAULTS_UNLINKED)
}

POINTER(remove);
EXPORT int remove(const char *path) {
    NAMING(AT_FDCWD, path, AT_FDCWD, no_path, NEXT(remove)(path), SPOOLFAULTS_UNLINKED)
}

POINTER(rmdir);
EXPORT int rmdir(const char *path) {
    NAMING(AT_FDCWD, path, AT_FDCWD, no_path, NEXT(rmdir)(path), SPOOLFAULTS_UNLINKED)
}

POINTER(rename);
EXPORT int rename(const char *old, const char *new) {
    NAMING(AT_FDCWD, old, AT_FDCWD, new, NEXT(rename)(old, new), SPOOLFAULTS_RENAMED)
}

POINTER(renameat);
EXPORT int renameat(int at, const char *old, int at2, const char *new) {
    NAMING(at, old, at2, new, NEXT(renameat)(at, old, at2, new), SPOOLFAULTS_RENAMED)
}

POINTER(renameat2);
EXPORT int renameat2(int at, const char *old, int at2, const char *new, unsigned flags) {
    NAMING(at, old, at2, new, NEXT(renameat2)(at, old, at2, new, flags), SPOOLFAULTS_RENAMED)
}

POINTER(link);
EXPORT int link(const char *old, const char *new) {
    NAMING(AT_FDCWD, old, AT_FDCWD, new, NEXT(link)(old, new), SPOOLFAULTS_LINKED)
}

POINTER(linkat);
EXPORT int linkat(int at, const char *old, int at2, const char *new, int flags) {
    NAMING(at, old, at2, new, NEXT(linkat)(at, old, at2, new, flags), SPOOLFAULTS_LINKED)
}

POINTER(mkdir);
EXPORT int mkdir(const char *path, mode_t mode) {
    NAMING(AT_FDCWD, path, AT_FDCWD, no_path, NEXT(mkdir)(path, mode), SPOOLFAULTS_FOLDER_MADE)
}

#endif
