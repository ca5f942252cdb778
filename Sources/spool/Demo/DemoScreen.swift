import Foundation
import Synchronization

/// Shows the picture: redrawn in place on a terminal, one line per second in a pipe.
final class DemoScreen: Sendable {
    private struct State {
        var drawnLines = 0
        var columns = 0
        var lastLine = ""
    }

    private let isTerminal: Bool
    private let color: Bool
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(isTerminal: Bool, color: Bool, write: @escaping @Sendable (String) -> Void) {
        self.isTerminal = isTerminal
        self.color = color
        self.write = write
    }

    /// Shows the picture as it is now.
    func show(_ picture: DemoPicture) {
        state.withLock { state in
            guard isTerminal else {
                if picture.line != state.lastLine { write(picture.line + "\n") }
                state.lastLine = picture.line
                return
            }
            let size = Self.size
            let lines = picture.drawn().prefix(size.rows - 1).map {
                $0.clipped(to: size.columns).rendered(color: color)
            }
            write(home(state, columns: size.columns) + lines.map { "\($0)\u{1B}[K\n" }.joined() + "\u{1B}[J")
            state.drawnLines = lines.count
            state.columns = size.columns
        }
    }

    /// Writes a line that stays.
    func say(_ text: String) {
        state.withLock { $0.drawnLines = 0 }
        write(text + "\n")
    }

    /// Back to where the picture began.
    ///
    /// A terminal that became narrower has wrapped the picture's lines, so its first row is unknown.
    private func home(_ state: State, columns: Int) -> String {
        guard state.drawnLines > 0 else { return "" }
        return state.columns == columns ? "\u{1B}[\(state.drawnLines)A" : "\u{1B}[2J\u{1B}[H"
    }

    /// The terminal's size; 24 by 80 if it is unknown.
    private static var size: (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 1, size.ws_col > 0 else {
            return (24, 80)
        }
        return (Int(size.ws_row), Int(size.ws_col))
    }
}
