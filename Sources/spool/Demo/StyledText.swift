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
