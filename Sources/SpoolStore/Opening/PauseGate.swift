/// Why fetching stands still.
package enum FetchPause: Sendable, Equatable {
    /// The spool is at `retention.max_size`.
    case size
    /// Its disk is nearly full, or the reserve is given up.
    case disk
}

/// When fetching has to stop: at 100 % of the spool's size or on a nearly full disk; it goes on below 90 %, and
/// with twice the free space.
struct PauseGate: Sendable {
    var maxBytes: Int64
    let lowDiskBytes: Int64
    private(set) var pause: FetchPause?
    /// Bytes that events may take in all, by size and disk.
    var room: Int64

    var isClosed: Bool { pause != nil }

    init(maxBytes: Int64, lowDiskBytes: Int64) {
        self.maxBytes = maxBytes
        self.lowDiskBytes = lowDiskBytes
        room = maxBytes
    }

    /// A page did not fit on the disk, whatever is said to be free.
    mutating func diskWasFull() { pause = .disk }

    /// True when fetching has to stop, with this much in use and this much disk free.
    mutating func update(used: Int64, free: Int64, hasReserve: Bool) -> Bool {
        let isLarge = used >= (isClosed ? maxBytes / 10 * 9 : maxBytes)
        let isLow = free < (isClosed ? 2 * lowDiskBytes : lowDiskBytes) || !hasReserve
        pause = isLow ? .disk : isLarge ? .size : nil
        return isClosed
    }
}
