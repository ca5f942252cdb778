import CMalloc
import Foundation

/// Settings of the C library and of libdispatch for a process that runs for months.
enum ProcessTuning {
    /// Returns large buffers to the system when they are freed, and limits the number of malloc arenas.
    ///
    /// By default glibc creates an arena for each of several threads. Once a page of some megabytes has been
    /// freed, glibc keeps buffers of that size in the arena permanently (mallopt(3), M_ARENA_MAX and the
    /// dynamic M_MMAP_THRESHOLD): nearly twice the memory (`Benchmarks/run --task memory`). Call this before
    /// the first large buffer is allocated.
    static func limitMemory() {
        #if os(Linux)
            // If mallopt fails, the defaults stay in effect.
            _ = mallopt(M_ARENA_MAX, 2)
            _ = mallopt(M_MMAP_THRESHOLD, 1 << 20)
        #endif
    }

    /// Stops libdispatch from writing to the system log, unless `LIBDISPATCH_LOG` is set.
    ///
    /// libdispatch requests a higher priority for each of its threads, which only root may have, and logs
    /// every refusal: one line every few seconds for an unprivileged service. Call this before the first such
    /// thread starts.
    static func silenceDispatchLog() { setenv("LIBDISPATCH_LOG", "NO", 0) }
}
