import SpoolCore

/// How often the unsettled events of a lane were sent.
///
/// The counts are kept per range, one for each batch in flight; settled events are forgotten.
struct Attempts: Sendable, Equatable {
    private struct Stretch: Sendable, Equatable {
        var first: Seq
        var last: Seq
        var count: Int
    }

    private var stretches: [Stretch] = []

    /// Notes that the events from `first` to `last` are sent.
    ///
    /// - Returns: the highest send count among them, including this time.
    mutating func send(first: Seq, last: Seq) -> Int {
        let known = stretches.filter { $0.last >= first && $0.first <= last }.map(\.count).max() ?? 0
        stretches.removeAll { $0.first >= first && $0.last <= last }
        stretches.append(Stretch(first: first, last: last, count: known + 1))
        return known + 1
    }

    /// Forgets the events up to `through`: they have their final outcomes.
    mutating func settled(through: Seq) {
        stretches.removeAll { $0.last <= through }
    }
}
