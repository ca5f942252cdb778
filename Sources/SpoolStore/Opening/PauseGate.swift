/// When fetching has to stop: at 100 % of the spool's size or on a nearly full disk; it goes on below 90 %, and
/// with twice the free space.
struct PauseGate: Sendable {
    let maxBytes: Int64
    let lowDiskBytes: Int64
    private(set) var isClosed = false

    init(maxBytes: Int64, lowDiskBytes: Int64) {
        self.maxBytes = maxBytes
        self.lowDiskBytes = lowDiskBytes
    }

    /// True when fetching has to stop, with this much in use and this much disk free.
    mutating func update(used: Int64, free: Int64, hasReserve: Bool) -> Bool {
        if isClosed {
            let isRoomy = used < maxBytes / 10 * 9 && free >= 2 * lowDiskBytes && hasReserve
            isClosed = !isRoomy
        } else {
            isClosed = used >= maxBytes || free < lowDiskBytes || !hasReserve
        }
        return isClosed
    }
}
