import SpoolCore
import SpoolStore
import Synchronization

/// Prints the rows of a result in one of the formats; tables are collected in slices, other formats are not.
final class QueryWriter: Sendable {
    private struct State {
        var columns: [String] = []
        var pending: [[String]] = []
    }

    /// Rows per slice; a column is as wide as its widest value within a slice.
    private static let slice = 1_000

    private let format: QueryCommand.Format
    private let output: QueryOutput
    private let state = Mutex(State())

    init(_ format: QueryCommand.Format, to output: QueryOutput) {
        self.format = format
        self.output = output
    }

    /// Receives the names of the columns, before the first row.
    func begin(_ columns: [String]) {
        let names = format == .json ? QueryText.distinct(columns) : columns
        state.withLock { $0.columns = names }
        if format == .csv { _ = output.add(QueryText.csv(columns.map { .text($0) })) }
    }

    /// Receives a row; returns false if it cannot be printed, so that no further rows are needed.
    func add(_ row: [QueryValue]) -> Bool {
        switch format {
        case .csv: return output.add(QueryText.csv(row))
        case .json: return line(QueryText.json(state.withLock { $0.columns }, row))
        case .table:
            let isFull = state.withLock { state in
                state.pending.append(row.map(QueryText.cell))
                return state.pending.count >= Self.slice
            }
            return isFull ? flush() : true
        }
    }

    func end() { if format == .table { _ = flush() } }

    private func flush() -> Bool {
        let (columns, rows) = state.withLock { state in
            defer { state.pending = [] }
            return (state.columns, state.pending)
        }
        return line(TextTable(columns, rows).render())
    }

    /// Escaped as by `Output.line`.
    private func line(_ text: String) -> Bool {
        output.add(Array(PrintableText.escapedLines(text + "\n").utf8))
    }
}
