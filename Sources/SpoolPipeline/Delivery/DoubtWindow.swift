import DequeModule
import SpoolCore

/// From when on what a connection has settled is doubtful should it end uncleanly: what was settled within
/// `DeliveryCommit.doubt` before its last settlement.
///
/// The monotonic clock measures the span, and the wall clock of the ledger only names its beginning: a step of that
/// clock makes nothing certain.
struct DoubtWindow: Sendable {
    /// Settlements of about a second.
    private struct Mark: Sendable {
        let first: Duration
        var last: Duration
        /// The smallest wall time of them.
        var wall: Timestamp
    }

    private var marks: Deque<Mark> = []

    /// Notes a settlement.
    ///
    /// - Returns: the smallest wall time of those that are doubtful from now on.
    mutating func settled(at elapsed: Duration, wall: Timestamp) -> Timestamp {
        while let first = marks.first, first.last < elapsed - DeliveryCommit.doubt { marks.removeFirst() }
        if var mark = marks.last, elapsed - mark.first < .seconds(1) {
            mark.last = elapsed
            mark.wall = min(mark.wall, wall)
            marks[marks.count - 1] = mark
        } else {
            marks.append(Mark(first: elapsed, last: elapsed, wall: wall))
        }
        return marks.reduce(wall - DeliveryCommit.doubt) { min($0, $1.wall) }
    }
}
