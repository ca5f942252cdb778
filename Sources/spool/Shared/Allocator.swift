import CMalloc

/// How the C library hands out memory, for a process that runs for months.
enum Allocator {
    /// Gives large buffers back as soon as they are free, and keeps few heaps.
    ///
    /// Left alone, glibc makes a heap for each of several threads and, once a page of some megabytes has been
    /// freed, keeps such buffers in them for good (mallopt(3), M_ARENA_MAX and the dynamic M_MMAP_THRESHOLD):
    /// nearly twice the memory (`Benchmarks/run --task memory`). Has to come before the first large buffer.
    static func favourSmallProcess() {
        #if os(Linux)
            // A refusal leaves the process as it would be without.
            _ = mallopt(M_ARENA_MAX, 2)
            _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
        #endif
    }
}
