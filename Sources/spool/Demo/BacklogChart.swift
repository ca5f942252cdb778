/// The backlog over the whole demo as a chart of block characters.
struct BacklogChart: Sendable {
    /// A moment: how many events were waiting, and whether the SIEM was up.
    struct Moment: Sendable {
        var waiting: Int
        var isUp: Bool
    }

    private static let bars = Array(" ▁▂▃▄▅▆▇█")

    /// Oldest first.
    let moments: [Moment]
    let width: Int
    let height: Int

    /// The highest backlog so far.
    var peak: Int { moments.map(\.waiting).max() ?? 0 }

    /// The chart's lines from the top down; red while the SIEM is down.
    var lines: [StyledText] {
        let columns = self.columns
        return (0..<height).reversed().map { row in
            columns.reduce(StyledText("")) { line, column in
                line + StyledText(String(bar(column.waiting, row: row)), column.isUp ? .green : .red)
            }
        }
    }

    /// The part of a column's bar that lies in a row, counted from the bottom.
    private func bar(_ waiting: Int, row: Int) -> Character {
        guard waiting > 0 else { return Self.bars[0] }
        let eighths = max(1, waiting * height * 8 / max(1, peak))
        return Self.bars[min(8, max(0, eighths - row * 8))]
    }

    /// One moment per column; if there are more moments than columns, the highest of each group.
    private var columns: [Moment] {
        guard moments.count > width else { return moments }
        return (0..<width).compactMap { column in
            moments[(column * moments.count / width)..<((column + 1) * moments.count / width)]
                .max { $0.waiting < $1.waiting }
        }
    }
}
