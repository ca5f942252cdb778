/*
 * libspoolfaults.so: a library for LD_PRELOAD that records what a process does to the files of a folder, or makes
 * such calls fail. Linux only.
 *
 * SPOOLFAULTS_FOLDER   The folder, absolute and without symbolic links. Without it the library does nothing.
 * SPOOLFAULTS_RECORD   A file to which each operation is appended (see `spoolfaults_record`). The calls are made one
 *                      at a time, so that their order in the file is the order in which they happened.
 * SPOOLFAULTS_INJECT   Rules, separated by `;`, each `class:what:first:count[:milliseconds]`:
 *                      class   write, read, sync, truncate, open, allocate or name (unlink, rename, link, mkdir)
 *                      what    an error (EIO, ENOSPC, EDQUOT, EROFS, EMFILE), `short` (half of the bytes), or
 *                              `delay` (the call is made after the milliseconds)
 *                      first   the number of the first call of its class that is affected, from 1
 *                      count   how many calls are affected; 0 for all
 *                      milliseconds  an error or short write ends after this time at the latest
 * SPOOLFAULTS_FILES    Only files with this text in their names, and the folder itself, count for SPOOLFAULTS_INJECT.
 * SPOOLFAULTS_STATE    A file with the counts (`spoolfaults_state`). A process that is started with an existing one
 *                      goes on counting there.
 */
#ifndef SPOOLFAULTS_H
#define SPOOLFAULTS_H

#include <stdint.h>

enum spoolfaults_class {
    SPOOLFAULTS_WRITE,
    SPOOLFAULTS_READ,
    SPOOLFAULTS_SYNC,
    SPOOLFAULTS_TRUNCATE,
    SPOOLFAULTS_OPEN,
    SPOOLFAULTS_ALLOCATE,
    SPOOLFAULTS_NAME,
    SPOOLFAULTS_CLASSES
};

/* How many calls of each class there were, how many were affected, and when the first one was (CLOCK_MONOTONIC). */
struct spoolfaults_state {
    uint64_t calls[SPOOLFAULTS_CLASSES];
    uint64_t affected;
    uint64_t first_ns;
};

enum spoolfaults_operation {
    SPOOLFAULTS_OPENED = 1,    /* `path`; flags: 1 the file is new, 2 its old content was dropped */
    SPOOLFAULTS_WRITTEN = 2,   /* `offset`, data */
    SPOOLFAULTS_TRUNCATED = 3, /* `offset`: the new length */
    SPOOLFAULTS_SYNCED = 4,
    SPOOLFAULTS_FOLDER_SYNCED = 5, /* `path` */
    SPOOLFAULTS_UNLINKED = 6,      /* `path` */
    SPOOLFAULTS_RENAMED = 7,       /* `path`, `path2` */
    SPOOLFAULTS_LINKED = 8,        /* `path`, `path2` */
    SPOOLFAULTS_ALLOCATED = 9,     /* `offset`: the end of the range; the file is at least as long */
    SPOOLFAULTS_FOLDER_MADE = 10   /* `path` */
};

/* One successful operation in the record; followed by `path`, `path2` (relative to the folder) and the data. */
struct spoolfaults_record {
    uint32_t magic;
    uint8_t operation;
    uint8_t flags;
    uint16_t path_length;
    uint16_t path2_length;
    uint16_t unused;
    uint32_t data_length;
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint64_t file;    /* the inode */
    uint64_t offset;
};

#define SPOOLFAULTS_MAGIC 0x4c465053u

#endif
