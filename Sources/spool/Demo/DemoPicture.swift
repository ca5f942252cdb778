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
