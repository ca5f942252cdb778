/// Why fetching is paused.
package enum FetchPause: Sendable, Equatable {
    /// The spool is at `retention.max_size`.
    case size
    /// Its disk is nearly full, or the reserve has been released.
    case disk
}

/// Decides when fetching pauses: at 100 % of the spool's size or on a nearly full disk.
///
/// It resumes below 90 %, and with twice the free space.
struct PauseGate: Sendable {
    var maxBytes: Int64
    let lowDiskBytes: Int64
    private(set) var pause: FetchPause?
    /// Bytes that all events together may use, limited by `maxBytes` and by the disk.
    var room: Int64

    var isClosed: Bool { pause != nil }

    init(maxBytes: Int64, lowDiskBytes: Int64) {
        self.maxBytes = maxBytes
        self.lowDiskBytes = lowDiskBytes
        room = maxBytes
    }

    /// A page did not fit on the disk, regardless of the reported free space.
    mutating func diskWasFull() { pause = .disk }

    /// True when fetching has to pause, with this many bytes in use and this much free disk.
    mutating func update(used: Int64, free: Int64, hasReserve: Bool) -> Bool {
        let isLarge = used >= (isClosed ? maxBytes / 10 * 9 : maxBytes)
        let isLow = free < (isClosed ? 2 * lowDiskBytes : lowDiskBytes) || !hasReserve
        pause = isLow ? .disk : isLarge ? .size : nil
        return isClosed
    }
}
