/// Options for opening the spool for writing.
package struct SpoolOptions: Sendable {
    /// The command that opens it, as reported to processes that find it locked: `spool run`.
    package var holder: String
    /// `retention.max_size`: pages in use may occupy this many bytes; `Spool.limit` changes it later.
    package var maxBytes: Int64 = 20 << 30
    /// Size of `<spool>.reserve`, which is released on a full disk; 0 for none.
    package var reserveBytes: Int64 = 64 << 20
    /// Fetching pauses below this much free disk space and resumes above twice as much.
    package var lowDiskBytes: Int64 = 128 << 20
    /// Size of the write-ahead log above which the writer tries a truncating checkpoint.
    package var walLimit: Int64 = 64 << 20
    /// Maximum number of concurrent reads.
    package var readers = 4

    /// A damaged or missing spool is repaired or restored instead of being refused.
    package var recovers = false
    /// Why the file may be damaged although a quick check finds nothing; it is then read as a whole.
    package var suspicion: String?
    /// Called with what a long step of opening is doing.
    package var report: @Sendable (String) -> Void = { _ in }

    package init(holder: String = "spool") { self.holder = holder }

    /// The options adapted to a small disk, on which the default sizes would pause fetching indefinitely.
    ///
    /// The reserve uses at most an eighth of the disk, fetching pauses with another eighth free, and the log
    /// is truncated from a sixteenth on. The reserve must be as large as the log; otherwise a full disk could
    /// not hold the contents of its own log. From 1 GiB on the defaults apply; a disk of 24 MiB can hold
    /// about 12 MiB of events.
    package func fitted(toDiskOf path: String) -> SpoolOptions {
        let disk = SpoolFiles(path: path).diskBytes()
        var fitted = self
        fitted.reserveBytes = min(reserveBytes, disk / 8)
        fitted.lowDiskBytes = min(lowDiskBytes, disk / 8)
        fitted.walLimit = min(walLimit, max(disk / 16, 1 << 20))
        return fitted
    }
}
