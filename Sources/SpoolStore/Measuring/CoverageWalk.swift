package import SpoolCore

/// A time range of a stream that no complete window with the current filters covers.
package struct UncoveredTime: Sendable, Equatable {
    package let from: Timestamp
    package let to: Timestamp

    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    package var length: Duration { to.since(from) }
}

/// Finds gaps from windows that are passed in the order of their beginnings.
struct CoverageWalk {
    private var reach: Timestamp
    private(set) var gaps: [UncoveredTime] = []

    /// - Parameter start: where the stream begins, or up to where retention has deleted.
    init(start: Timestamp) { reach = start }

    mutating func pass(from: Timestamp, to: Timestamp) {
        if from > reach { gaps.append(UncoveredTime(from: reach, to: from)) }
        reach = max(reach, to)
    }

    /// The gaps up to the cursor.
    func ended(at since: Timestamp) -> [UncoveredTime] {
        var all = gaps
        if since > reach { all.append(UncoveredTime(from: reach, to: since)) }
        return all.filter { $0.from < since }.map { UncoveredTime(from: $0.from, to: min($0.to, since)) }
    }
}
