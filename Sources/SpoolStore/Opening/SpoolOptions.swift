/// How the spool is to be opened for writing.
package struct SpoolOptions: Sendable {
    /// Who opens it, as told to others that find it locked: `spool run`.
    package var holder: String
    /// `retention.max_size`: pages in use may fill this many bytes, until `Spool.limit` says otherwise.
    package var maxBytes: Int64 = 20 << 30
    /// Size of `<spool>.reserve`, given up on a full disk; 0 for none.
    package var reserveBytes: Int64 = 64 << 20
    /// Fetching stops below this much free disk, and goes on above twice as much.
    package var lowDiskBytes: Int64 = 128 << 20
    /// Above this the writer tries a truncating checkpoint.
    package var walLimit: Int64 = 64 << 20
    /// How many reads may run side by side.
    package var readers = 4

    package init(holder: String = "spool") { self.holder = holder }

    /// The same for a small disk, where the amounts of a large one would forbid fetching for ever.
    ///
    /// The reserve takes an eighth of the disk at most, fetching stops with another eighth free, and the log is
    /// emptied from a sixteenth on: a reserve must hold what the log does, or a full disk could not take in its
    /// own log. From 1 GiB on these are the numbers above; a disk of 24 MiB has room for some 12 MiB of events.
    package func fitted(toDiskOf path: String) -> SpoolOptions {
        let disk = SpoolFiles(path: path).diskBytes()
        var fitted = self
        fitted.reserveBytes = min(reserveBytes, disk / 8)
        fitted.lowDiskBytes = min(lowDiskBytes, disk / 8)
        fitted.walLimit = min(walLimit, max(disk / 16, 1 << 20))
        return fitted
    }
}
