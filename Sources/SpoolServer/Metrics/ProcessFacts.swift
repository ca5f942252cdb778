import Foundation

/// Facts about this process from the operating system.
struct ProcessFacts: Sendable, Equatable {
    /// Resident memory in bytes.
    var resident: Int64
    /// CPU time in seconds.
    var processor: Double
    /// Open files and sockets.
    var openFiles: Int

    /// This process now.
    static func current() -> ProcessFacts {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        var usage = rusage()
        // RUSAGE_SELF: Glibc imports the constant with a type that getrusage does not accept.
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
