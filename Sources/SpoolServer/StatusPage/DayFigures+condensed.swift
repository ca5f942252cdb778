import SpoolCore

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
