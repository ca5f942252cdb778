import SpoolControl
import SpoolCore
import SpoolStore

/// The last 24 hours in steps of ten minutes, as charts show them.
struct DayFigures: Sendable, Equatable {
    static let step = Duration.minutes(10)
    static let count = 144

    /// What went to one sink.
    struct SinkDay: Sendable, Equatable {
        var name: String
        /// Events settled in each step; nil where no daemon ran.
        var settled: [Int?]
        /// The most that waited in each step.
        var waiting: [Int?]
    }

    /// The beginning of the first step.
    var from: Timestamp
    var now: Timestamp
    /// Events fetched in each step, over all streams; nil where no daemon ran.
    var fetched: [Int?]
    var sinks: [SinkDay]
    var lanes: [CoverageLane]
    /// Lanes that are counted and not drawn.
    var otherLanes: [CoverageLane] = []

    init(from: Timestamp, now: Timestamp, fetched: [Int?], sinks: [SinkDay], lanes: [CoverageLane]) {
        self.from = from
        self.now = now
        self.fetched = fetched
        self.sinks = sinks
        self.lanes = lanes
    }

    /// The end of the last step.
    var to: Timestamp { from + Self.step * Self.count }

    /// The beginning of the first step of the 24 hours before now; the last one has just begun.
    static func begin(_ now: Timestamp) -> Timestamp {
        let length = step.milliseconds
        return Timestamp(milliseconds: now.milliseconds / length * length) - step * (count - 1)
    }

    /// What to ask the spool for: one step more, to tell what the first one added.
    static func wanted(_ now: Timestamp) -> SampleHistory {
        SampleHistory(from: begin(now) - step, step: step, count: count + 1)
    }

    /// Reads the samples; `gaps` is what `status` shows of each stream, by its name.
    init(_ history: SampleHistory, _ status: SpoolStatus, gaps: [String: [GapStatus]], now: Timestamp) {
        from = history.from + Self.step
        self.now = now
        var ran = Set<Int>()
        for steps in history.streams.values { ran.formUnion(steps.keys) }
        for steps in history.sinks.values { ran.formUnion(steps.keys) }
        // The newest sample may be a minute old; what was counted since belongs to the last step.
        let last = history.count - 1
        ran.insert(last)
        var total = [Int](repeating: 0, count: history.count)
        let streams = status.streams.filter(\.isFetched)
        for stream in streams {
            var steps = (history.streams[stream.id] ?? [:]).mapValues { ($0.first, $0.last) }
            steps[last] = (steps[last]?.0 ?? stream.inserted, stream.inserted)
            for (index, added) in Self.added(steps, count: history.count).enumerated() {
                total[index] += added
            }
        }
        fetched = (1...last).map { ran.contains($0) ? total[$0] : nil }
        sinks = status.sinks.filter { $0.state != .disabled }.map { sink in
            let known = history.sinks[sink.id] ?? [:]
            let settled = sink.subscriptions.reduce(0) {
                $0 + $1.delivered + $1.filtered + $1.refused + $1.replayed
            }
            var steps = known.mapValues { ($0.first, $0.last) }
            steps[last] = (steps[last]?.0 ?? settled, settled)
            let added = Self.added(steps, count: history.count)
            return SinkDay(
                name: sink.name.text,
                settled: (1...last).map { ran.contains($0) ? added[$0] : nil },
                waiting: (1...last).map { index in
                    if index == last { return max(known[index]?.peak ?? 0, sink.waiting) }
                    return known[index]?.peak
                }
            )
        }
        lanes = streams.map { CoverageLane($0, gaps: gaps[$0.name.description] ?? [], now: now) }
    }

    /// How much a counter has grown in each step, from its first and last value in those that have samples.
    private static func added(_ steps: [Int: (Int, Int)], count: Int) -> [Int] {
        var previous: Int?
        return (0..<count).map { index in
            guard let (first, last) = steps[index] else { return 0 }
            defer { previous = last }
            return max(0, last - (previous ?? first))
        }
    }
}
