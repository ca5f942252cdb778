import Synchronization

/// Shows the picture: redrawn in place on a terminal, a line a second in a pipe.
final class DemoScreen: Sendable {
    private struct State {
        var drawnLines = 0
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
            let lines = picture.drawn(color: color)
            let home = state.drawnLines > 0 ? "\u{1B}[\(state.drawnLines)A" : ""
            write(home + lines.map { "\u{1B}[2K\($0)\n" }.joined())
            state.drawnLines = lines.count
        }
    }

    /// Writes a line that stays.
    func say(_ text: String) {
        state.withLock { $0.drawnLines = 0 }
        write(text + "\n")
    }
}
