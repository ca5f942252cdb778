/// How many events took how long: counts over fixed bounds, from a second to a day.
package struct LagHistogram: Sendable, Equatable {
    /// Upper bounds, inclusive, in seconds; what took longer is counted after the last.
    package static let bounds: [Int64] = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400]

    /// Events of each bound alone, and of none.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// All lags together, in milliseconds.
    package private(set) var sum: Int64 = 0

    package init() {}

    /// All events.
    package var count: Int { counts.reduce(0, +) }

    /// Which count a lag belongs to; a negative one, from clocks that differ, counts as none at all.
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
