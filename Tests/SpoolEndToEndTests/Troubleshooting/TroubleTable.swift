import Foundation

/// The table of docs/troubleshooting.md: each problem of the old agent's page with the messages shown here.
struct TroubleTable {
    /// A message that a command shows: its parts in order, with any text between them.
    struct Message: Sendable {
        let command: String
        let parts: [String]

        /// True if the parts occur in this order.
        func occurs(in output: String) -> Bool {
            var rest = output[...]
            for part in parts {
                guard let range = rest.range(of: part) else { return false }
                rest = rest[range.upperBound...]
            }
            return true
        }
    }

    static let page = "docs/troubleshooting.md"

    /// Messages by the row's first cell.
    let rows: [String: [Message]]
    /// The first cells, in the table's order.
    let problems: [String]

    init(_ text: String = Documentation.read(page)) {
        let lines = text.components(separatedBy: "\n").filter { $0.hasPrefix("| ") }
        let cells = lines.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        // The first row is the heading.
        let body = cells.filter { $0.count == 4 }.dropFirst()
        problems = body.map { $0[0] }
        rows = Dictionary(body.map { ($0[0], Self.messages($0[2])) }) { first, _ in first }
    }

    /// Every "`spool doctor`: `a … b`" in a cell.
    private static func messages(_ cell: String) -> [Message] {
        cell.matches(of: #/`(spool [a-z]+)`: `([^`]+)`/#).map { match in
            let parts = match.2.components(separatedBy: "…").map { $0.trimmingCharacters(in: .whitespaces) }
            return Message(command: String(match.1), parts: parts.filter { !$0.isEmpty })
        }
    }
}
