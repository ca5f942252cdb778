/// Draws a text again and again: in place on a terminal, one after the other in a pipe.
struct LiveScreen {
    private let isTerminal: Bool
    private var isFirst = true

    init(isTerminal: Bool = Output.isTerminal) { self.isTerminal = isTerminal }

    /// What to write for the next picture.
    mutating func next(_ text: String) -> String {
        defer { isFirst = false }
        guard isTerminal else { return text + "\n" }
        // Home, each line over the old one, then what is left of the old picture goes (ECMA-48: CUP, EL, ED). Nothing is
        // cleared before it is drawn, so nothing flickers.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return (isFirst ? "\u{1B}[2J" : "") + "\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined()
            + "\u{1B}[J"
    }
}
