/// What the demo looks like at one moment.
struct DemoPicture: Sendable {
    /// An event as the picture shows it.
    struct Recent: Sendable {
        var time: String
        var text: String
    }

    var rate = 0
    /// Events that the portal had at the start.
    var history = 0
    var shown = 0
    var shownAlerts = 0
    var spooled = 0
    /// Events without a final outcome: not sent, or sent within the last seconds.
    var unsettled = 0
    /// Lines that reached the SIEM, and how many events they were.
    var received = 0
    var receivedEvents = 0
    var isUp = true
    var elapsedSeconds = 0
    /// The current act, and those before it.
    private(set) var phase = ""
    private(set) var past: [String] = []
    /// The newest events of the spool, newest first.
    var recent: [Recent] = []
    private(set) var moments: [BacklogChart.Moment] = []

    /// Events that the SIEM has not received yet.
    var waiting: Int { max(0, spooled - receivedEvents) }

    /// Continues with the next act.
    mutating func begin(_ next: String) {
        if !phase.isEmpty { past.append(phase) }
        phase = next
    }

    /// Adds the backlog as it is now to the chart.
    ///
    /// The first start fetches two days in one go; next to that peak, the outage would look flat.
    mutating func remember() {
        guard !moments.isEmpty || spooled >= history && waiting == 0 else { return }
        moments.append(BacklogChart.Moment(waiting: waiting, isUp: isUp))
    }

    /// One line for a pipe or a log.
    var line: String {
        "\(elapsedSeconds)s  \(isUp ? "SIEM up  " : "SIEM away")  shown \(shown)  spooled \(spooled)  "
            + "waiting \(waiting)  unsettled \(unsettled)  received \(received)  - \(phase)"
    }
}

/// The picture as lines of a terminal of at least 80 columns.
extension DemoPicture {
    private static let margin = StyledText("  ")
    private static let boxWidth = 22
    private static let width = 76

    func drawn() -> [StyledText] {
        let chart = BacklogChart(moments: moments, width: Self.width, height: 4)
        return [spread(StyledText("spool demo", .bold), StyledText("\(elapsedSeconds) s", .dim)), ""]
            + boxes + [
                "", spread(StyledText("waiting for the SIEM"), StyledText("peak \(chart.peak)", .dim)),
            ]
            + chart.lines.map { Self.margin + $0 }
            + [Self.margin + StyledText(String(repeating: "─", count: Self.width), .dim)]
            + (0..<3).map(newest) + [""] + story
    }

    private var boxes: [StyledText] {
        let portal = box(
            "portal",
            [row("shown", shown), row("alerts", shownAlerts), row("per second", rate)]
        )
        let spool = box(
            "spool (SQLite)",
            [
                row("events", spooled), row("waiting", waiting, waiting > rate * 2 ? .yellow : .plain),
                row("unsettled", unsettled),
            ]
        )
        let state = isUp ? StyledText("● listening", .green) : StyledText("○ away", .red)
        let siem = box("SIEM", [state, row("lines", received), row("events", receivedEvents)])
        return portal.indices.map { line in
            let isMiddle = line == 2
            let fetching = isMiddle ? arrow(moves: true) : "     "
            let sending = isMiddle ? arrow(moves: isUp) : "     "
            return Self.margin + portal[line] + fetching + spool[line] + sending + siem[line]
        }
    }

    /// A box of `boxWidth` columns around rows of at most four less.
    private func box(_ title: String, _ rows: [StyledText]) -> [StyledText] {
        let inner = Self.boxWidth - 4
        let rule = String(repeating: "─", count: inner - title.count - 1)
        let top = StyledText("╭─ ", .dim) + StyledText(title, .bold) + StyledText(" \(rule)╮", .dim)
        let bottom = StyledText("╰\(String(repeating: "─", count: inner + 2))╯", .dim)
        let sides = rows.map { row in
            StyledText("│ ", .dim) + row
                + StyledText(String(repeating: " ", count: max(0, inner - row.width)))
                + StyledText(" │", .dim)
        }
        return [top] + sides + [bottom]
    }

    private func row(_ name: String, _ value: Int, _ style: StyledText.Style = .plain) -> StyledText {
        let number = String(value)
        let gap = Self.boxWidth - 4 - name.count - number.count
        return StyledText(name + String(repeating: " ", count: max(1, gap))) + StyledText(number, style)
    }

    /// An arrow with something running along it, or a broken one.
    private func arrow(moves: Bool) -> StyledText {
        guard moves else { return StyledText(" ─╳─ ", .red) }
        return StyledText([" •─▶ ", " ─•▶ ", " ──▶ "][moments.count % 3], .green)
    }

    private func newest(_ index: Int) -> StyledText {
        guard index < recent.count else { return "" }
        let event = recent[index]
        let text = StyledText("\(event.time)  ", .cyan) + StyledText(event.text, index == 0 ? .plain : .dim)
        return Self.margin + text.clipped(to: Self.width)
    }

    private var story: [StyledText] {
        past.map { Self.margin + StyledText("✓ ", .green) + StyledText($0, .dim) }
            + [Self.margin + StyledText("▶ ", isUp ? .cyan : .red) + StyledText(phase, .bold)]
    }

    /// Two texts at both ends of the picture's width.
    private func spread(_ left: StyledText, _ right: StyledText) -> StyledText {
        let gap = max(1, Self.width - left.width - right.width)
        return Self.margin + left + StyledText(String(repeating: " ", count: gap)) + right
    }
}

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

/// A line of a terminal in pieces, so that its width is known regardless of its colours.
struct StyledText: Sendable, ExpressibleByStringLiteral {
    /// How a piece looks, by its ECMA-48 SGR parameter.
    enum Style: Int, Sendable {
        case plain = 0
        case bold = 1
        case dim = 2
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    private var pieces: [(text: String, style: Style)]

    init(_ text: String, _ style: Style = .plain) { pieces = [(text, style)] }

    init(stringLiteral text: String) { self.init(text) }

    /// Columns it takes; every character of the picture takes one.
    var width: Int { pieces.reduce(0) { $0 + $1.text.count } }

    /// The beginning of the line that fits into `columns`.
    func clipped(to columns: Int) -> StyledText {
        var clipped = StyledText("")
        for piece in pieces {
            clipped.pieces.append((String(piece.text.prefix(columns - clipped.width)), piece.style))
        }
        return clipped
    }

    /// The line with the escape sequences for a terminal.
    func rendered(color: Bool) -> String {
        pieces.map { piece in
            guard color, piece.style != .plain, !piece.text.isEmpty else { return piece.text }
            return "\u{1B}[\(piece.style.rawValue)m\(piece.text)\u{1B}[0m"
        }
        .joined()
    }

    static func + (left: StyledText, right: StyledText) -> StyledText {
        var sum = left
        sum.pieces += right.pieces
        return sum
    }
}
