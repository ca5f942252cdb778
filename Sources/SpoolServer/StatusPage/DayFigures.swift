import SpoolControl
import SpoolCore
import SpoolStore

/// The last 24 hours in steps of ten minutes, as charts show them.
struct DayFigures: Sendable, Equatable {
    static let step = Duration.minutes(10)
    static let count = 144

    /// The figures of one sink.
    struct SinkDay: Sendable, Equatable {
        var name: String
        /// Events settled in each step; nil if no daemon was running.
        var settled: [Int?]
        /// The peak of waiting events in each step.
        var waiting: [Int?]
    }

    /// Start of the first step.
    var from: Timestamp
    var now: Timestamp
    /// Events of all streams fetched in each step; nil if no daemon was running.
    var fetched: [Int?]
    var sinks: [SinkDay]
    var lanes: [CoverageLane]
    /// Lanes that are counted but not drawn.
    var otherLanes: [CoverageLane] = []

    init(from: Timestamp, now: Timestamp, fetched: [Int?], sinks: [SinkDay], lanes: [CoverageLane]) {
        self.from = from
        self.now = now
        self.fetched = fetched
        self.sinks = sinks
        self.lanes = lanes
    }

    /// End of the last step.
    var to: Timestamp { from + Self.step * Self.count }

    /// Start of the first step of the 24 hours before `now`; the last step contains `now`.
    static func begin(_ now: Timestamp) -> Timestamp {
        let length = step.milliseconds
        return Timestamp(milliseconds: now.milliseconds / length * length) - step * (count - 1)
    }

    /// The history to read: one additional step, needed to compute the growth in the first one.
    static func wanted(_ now: Timestamp) -> SampleHistory {
        SampleHistory(from: begin(now) - step, step: step, count: count + 1)
    }

    /// Computes the figures from samples; `gaps` are the gaps in `status` by the name of the stream.
    init(_ history: SampleHistory, _ status: SpoolStatus, gaps: [String: [GapStatus]], now: Timestamp) {
        from = history.from + Self.step
        self.now = now
        var ran = Set<Int>()
        for steps in history.streams.values { ran.formUnion(steps.keys) }
        for steps in history.sinks.values { ran.formUnion(steps.keys) }
        // The newest sample may be up to a minute old; later counts belong to the last step.
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

    /// The growth of a counter in each step, from its first and last values in the steps with samples.
    private static func added(_ steps: [Int: (Int, Int)], count: Int) -> [Int] {
        var previous: Int?
        return (0..<count).map { index in
            guard let (first, last) = steps[index] else { return 0 }
            defer { previous = last }
            return max(0, last - (previous ?? first))
        }
    }
}

extension DayFigures {
    /// The figures that fit on the page: sinks and streams with problems first, the rest combined.
    ///
    /// At most `mostSinks` sinks and `mostLanes` lanes are kept. Further sinks are added up as "N other
    /// sinks"; further lanes are moved to `otherLanes`.
    func condensed(troubled: Set<String>, mostSinks: Int, mostLanes: Int) -> DayFigures {
        var figures = self
        let ordered = Self.first(sinks) { troubled.contains($0.name) }
        figures.sinks = Array(ordered.prefix(mostSinks))
        let rest = ordered.dropFirst(mostSinks)
        if !rest.isEmpty { figures.sinks.append(Self.sum(Array(rest))) }
        let lanes = Self.first(lanes) { troubled.contains($0.name) || !$0.gaps.isEmpty }
        figures.lanes = Array(lanes.prefix(mostLanes))
        figures.otherLanes = Array(lanes.dropFirst(mostLanes))
        return figures
    }

    /// Moves matching items to the front; each group keeps its order.
    private static func first<Item>(_ items: [Item], where matches: (Item) -> Bool) -> [Item] {
        items.filter(matches) + items.filter { !matches($0) }
    }

    private static func sum(_ sinks: [SinkDay]) -> SinkDay {
        func add(_ values: (SinkDay) -> [Int?]) -> [Int?] {
            sinks.map(values).reduce([]) { sum, next in
                guard !sum.isEmpty else { return next }
                return zip(sum, next).map { left, right in
                    left == nil && right == nil ? nil : (left ?? 0) + (right ?? 0)
                }
            }
        }
        return SinkDay(
            name: sinks.count == 1 ? sinks[0].name : "\(sinks.count) other sinks",
            settled: add(\.settled),
            waiting: add(\.waiting)
        )
    }
}
