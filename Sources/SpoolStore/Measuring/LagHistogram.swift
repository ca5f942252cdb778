/// A histogram of lags with fixed bounds, from one second to one day.
package struct LagHistogram: Sendable, Equatable {
    /// Upper bounds, inclusive, in seconds; longer lags are counted after the last.
    package static let bounds: [Int64] = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400]

    /// Events per bucket, not cumulative; the last bucket is above all bounds.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// Sum of all lags, in milliseconds.
    package private(set) var sum: Int64 = 0

    package init() {}

    /// Number of all events.
    package var count: Int { counts.reduce(0, +) }

    /// The bucket of a lag; a negative lag, caused by differing clocks, counts as zero.
    static func index(_ milliseconds: Int64) -> Int {
        bounds.firstIndex { milliseconds <= $0 * 1_000 } ?? bounds.count
    }

    package mutating func add(milliseconds: Int64, events: Int = 1) {
        let lag = max(0, milliseconds)
        counts[Self.index(lag)] += events
        sum += lag * Int64(events)
    }

    package mutating func add(_ other: LagHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        sum += other.sum
    }
}
