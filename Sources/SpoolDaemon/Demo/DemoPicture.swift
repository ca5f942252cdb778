/// What the demo looks like at one moment.
struct DemoPicture: Sendable {
    var phase = ""
    var detail = ""
    var shown = 0
    var spooled = 0
    var waiting = 0
    var received = 0
    var isUp = true
    var elapsedSeconds = 0
    /// The backlog at each moment before, oldest first.
    var history: [Int] = []

    private static let width = 60

    /// The picture as lines of a terminal.
    func drawn(color: Bool) -> [String] {
        let paint = Paint(isOn: color)
        let top = max(1, history.max() ?? 1)
        return [
            paint.bold("spool demo") + "  \(elapsedSeconds)s",
            "",
            "  ┌─ portal ───────┐     ┌─ spool (SQLite) ┐     ┌─ SIEM ─────────┐",
            "  │ shown \(number(shown)) │ ──▶ │ events \(number(spooled)) │ "
                + (isUp ? paint.green("──▶") : paint.red(" ╳ ")) + " │ "
                + (isUp ? paint.green("listening     ") : paint.red("away          ")) + " │",
            "  └────────────────┘     │ waits  \(waiting > 0 ? paint.yellow(number(waiting)) : number(waiting)) │"
                + "     │ got   \(number(received)) │",
            "                         └─────────────────┘     └────────────────┘",
            "",
            "  backlog " + spark(top) + " max \(top)",
            "",
            "  " + paint.bold(phase),
            "  " + detail,
        ]
    }

    /// One line for a pipe or a log.
    var line: String {
        "\(elapsedSeconds)s  \(isUp ? "SIEM up  " : "SIEM away")  shown \(shown)  spooled \(spooled)  "
            + "waiting \(waiting)  received \(received)  - \(phase)"
    }

    private func number(_ value: Int) -> String {
        let text = String(value)
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }

    private func spark(_ top: Int) -> String {
        let bars = Array(" ▁▂▃▄▅▆▇█")
        return String(
            history.suffix(Self.width).map { value in
                value == 0 ? bars[0] : bars[max(1, min(8, value * 8 / top))]
            }
        )
    }
}

/// Colours for a terminal, or none.
private struct Paint {
    let isOn: Bool

    func bold(_ text: String) -> String { code(1, text) }
    func red(_ text: String) -> String { code(31, text) }
    func green(_ text: String) -> String { code(32, text) }
    func yellow(_ text: String) -> String { code(33, text) }

    private func code(_ code: Int, _ text: String) -> String {
        isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
