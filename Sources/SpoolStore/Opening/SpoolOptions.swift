/// How the spool is to be opened for writing.
package struct SpoolOptions: Sendable {
    /// Who opens it, as told to others that find it locked: `spool run`.
    package var holder: String
    /// `retention.max_size`: pages in use may fill this many bytes.
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
}
