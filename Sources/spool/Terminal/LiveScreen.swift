import SpoolCore
import Synchronization

/// Draws a text repeatedly: in place on a terminal, one after the other in a pipe.
struct LiveScreen {
    private let isTerminal: Bool
    private var isFirst = true

    init(isTerminal: Bool = Output.isTerminal) { self.isTerminal = isTerminal }

    /// The text to write for the next picture.
    ///
    /// `size` is the size of the terminal, if known: lines that do not fit are cut off at the bottom, so that
    /// the problems at the top stay visible.
    mutating func next(_ text: String, size: (rows: Int, columns: Int)? = nil) -> String {
        defer { isFirst = false }
        guard isTerminal else { return text + "\n" }
        // The cursor goes home, each line overwrites the old one, and the rest of the old picture is erased
        // (ECMA-48: CUP, EL, ED). Nothing is cleared before it is drawn, which avoids flicker.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let shown = size.map { Self.clipped(lines, rows: $0.rows, columns: $0.columns) } ?? lines
        return (isFirst ? "\u{1B}[2J" : "") + "\u{1B}[H" + shown.map { $0 + "\u{1B}[K\n" }.joined()
            + "\u{1B}[J"
    }

    /// As many lines as fit; a long line takes several rows, and the cursor needs the row after the last
    /// line.
    static func clipped(_ lines: [String], rows: Int, columns: Int) -> [String] {
        let heights = lines.map { max(1, ($0.count + columns - 1) / columns) }
        guard heights.reduce(0, +) > rows - 1 else { return lines }
        var left = rows - 2
        var shown = 0
        while shown < lines.count, heights[shown] <= left {
            left -= heights[shown]
            shown += 1
        }
        let note = "… \(lines.count - shown) more lines: enlarge the window, or run `spool status`"
        return lines.prefix(shown) + [String(note.prefix(columns))]
    }
}

/// Progress of a long command on standard error: one changing line on a terminal, otherwise a line every few
/// seconds.
final class ProgressLine: Sendable {
    private static let pause = Duration.seconds(5)

    private let last = Mutex<(text: String, at: ContinuousClock.Instant?)>(("", nil))

    func show(_ text: String) {
        let isDue = last.withLock { last in
            let isFirst = last.at.map { ContinuousClock.now - $0 >= Self.pause } ?? true
            guard text != last.text, Output.isTerminal || isFirst else { return false }
            last = (text, .now)
            return true
        }
        guard isDue else { return }
        if Output.isTerminal { Output.screen("\r\u{1B}[2K\(text.printable)") } else { Output.error(text) }
    }

    /// Removes the line.
    func end() {
        if Output.isTerminal, last.withLock({ $0.at != nil }) { Output.screen("\r\u{1B}[2K") }
    }
}
