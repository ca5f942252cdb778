import ArgumentParser
import SpoolCore
import SpoolStore
import Synchronization

/// `spool query`.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Asks the spool in SQL, reading only; plain sqlite3 works as well.",
        discussion: """
            The views events, backlog, deliveries, gaps, dead_letters, replays and health stay compatible. \
            Example: spool query "select * from backlog"
            """
    )

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, csv, json }

    @OptionGroup var config: ConfigurationOption

    @Option(help: "table, csv (RFC 4180) or json (an object a line).")
    var format: Format = .table

    @Flag(help: "Short for --format json.")
    var json = false

    @Argument(help: "One SQL statement.")
    var sql: String

    func run() async throws {
        let path = try config.composition().spool.path
        let writer = QueryWriter(json ? .json : format)
        try await CommandFailure.translating {
            let spool = try SpoolStore.Spool.openReadOnly(path: path)
            try await spool.query(sql, header: { writer.begin($0) }, row: { writer.add($0) })
        }
        writer.end()
    }
}

/// Writes the rows of an answer in one of the formats; tables are gathered in slices, the others go out at once.
private final class QueryWriter: Sendable {
    private struct State {
        var columns: [String] = []
        var pending: [[String]] = []
    }

    /// A table's columns are as wide as its widest value among this many rows.
    private static let slice = 1_000

    private let format: QueryCommand.Format
    private let state = Mutex(State())

    init(_ format: QueryCommand.Format) { self.format = format }

    func begin(_ columns: [String]) {
        state.withLock { $0.columns = columns }
        if format == .csv { Output.line(columns.map(Self.csv).joined(separator: ",")) }
    }

    func add(_ row: [QueryValue]) -> Bool {
        switch format {
        case .csv: Output.line(row.map { Self.csv($0.plain) }.joined(separator: ","))
        case .json:
            let columns = state.withLock { $0.columns }
            let pairs = zip(columns, row).map { "\(QueryValue.text($0).json):\($1.json)" }
            Output.line("{\(pairs.joined(separator: ","))}")
        case .table:
            let isFull = state.withLock { state in
                state.pending.append(row.map(\.oneLine))
                return state.pending.count >= Self.slice
            }
            if isFull { flush() }
        }
        return true
    }

    func end() { if format == .table { flush() } }

    private func flush() {
        let (columns, rows) = state.withLock { state in
            defer { state.pending = [] }
            return (state.columns, state.pending)
        }
        Output.line(TextTable(columns, rows).render())
    }

    private static func csv(_ text: String) -> String {
        let needsQuotes = text.contains { ",\"\r\n".contains($0) || $0 == "\r\n" }
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}

extension QueryValue {
    /// The value as text; NULL is empty, bytes are hexadecimal.
    fileprivate var plain: String {
        switch self {
        case .null: ""
        case .integer(let number): String(number)
        case .real(let number): String(number)
        case .text(let text): text
        case .blob(let bytes): bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    /// The value for a cell of a table: no line breaks.
    fileprivate var oneLine: String {
        String(plain.map { $0.isNewline ? "⏎" : $0 })
    }

    fileprivate var json: String {
        switch self {
        case .null: return "null"
        case .integer, .real: return plain
        case .text, .blob:
            var result = "\""
            for scalar in plain.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                case "\u{0}"..."\u{1F}":
                    let code = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + "\""
        }
    }
}
