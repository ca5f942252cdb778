import DequeModule
import SpoolCore

/// What a connection has settled by the word of the receiver's kernel and nothing proves to have been read yet.
///
/// What lies more than `bytes` behind the last settlement has left the receiver's kernel. For the rest the window knows
/// since when it waits for a proof, by the monotonic clock.
struct DoubtWindow: Sendable {
    /// Settlements of about a second, with the earliest time and the last position of them.
    private struct Mark: Sendable {
        let at: Duration
        var position: Int64
    }

    private let bytes: Int64
    private var marks: Deque<Mark> = []

    init(bytes: Int64 = 0) { self.bytes = bytes }

    /// When the oldest unproved settlement was; nil when everything is proved.
    var oldest: Duration? { marks.first?.at }

    /// Notes a settlement.
    ///
    /// - Parameters:
    ///   - position: bytes settled over the connection, this settlement included.
    ///   - elapsed: when.
    /// - Returns: true when the bytes that followed have proved an older settlement.
    mutating func settled(upTo position: Int64, at elapsed: Duration) -> Bool {
        guard bytes > 0 else { return false }
        if let last = marks.last, elapsed - last.at < .seconds(1) {
            marks[marks.count - 1].position = position
        } else {
            marks.append(Mark(at: elapsed, position: position))
        }
        let before = marks.count
        while let first = marks.first, first.position <= position - bytes { marks.removeFirst() }
        return marks.count < before
    }
}
