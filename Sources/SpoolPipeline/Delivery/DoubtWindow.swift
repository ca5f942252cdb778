import DequeModule
import SpoolCore

/// The settlements of a connection that are acknowledged by the receiver's kernel but not yet proved to be
/// read.
///
/// Bytes that are more than `bytes` before the last settlement have left the receiver's kernel. For the rest,
/// the window knows the monotonic time since which they have been waiting for a proof.
struct DoubtWindow: Sendable {
    /// The settlements of about one second, with their earliest time and last position.
    private struct Mark: Sendable {
        let at: Duration
        var position: Int64
    }

    private let bytes: Int64
    private var marks: Deque<Mark> = []

    init(bytes: Int64 = 0) { self.bytes = bytes }

    /// The time of the oldest unproved settlement; nil when everything is proved.
    var oldest: Duration? { marks.first?.at }

    /// Notes a settlement.
    ///
    /// - Parameters:
    ///   - position: the bytes settled over the connection, including this settlement.
    ///   - elapsed: the monotonic time of the settlement.
    /// - Returns: true when this settlement proves an older one.
    mutating func settle(upTo position: Int64, at elapsed: Duration) -> Bool {
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
