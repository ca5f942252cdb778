import Foundation

/// What the system says of this process.
struct ProcessFacts: Sendable, Equatable {
    /// Bytes of memory it has.
    var resident: Int64
    /// Seconds of processor time it has used.
    var processor: Double
    /// Files and sockets it has open.
    var openFiles: Int

    /// This process now.
    static func current() -> ProcessFacts {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        var usage = rusage()
        // RUSAGE_SELF, which Glibc shows under a type that getrusage does not take.
        getrusage(0, &usage)
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
        return ProcessFacts(
            resident: (pages ?? 0) * Int64(sysconf(Int32(_SC_PAGESIZE))),
            processor: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            openFiles: open ?? 0
        )
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }
}
