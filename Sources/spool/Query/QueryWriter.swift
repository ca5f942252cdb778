import SpoolStore
import Synchronization

/// Prints the rows of an answer in one of the formats; tables are gathered in slices, the others go out immediately.
final class QueryWriter: Sendable {
    private struct State {
        var columns: [String] = []
        var pending: [[String]] = []
    }

    /// A table's columns are as wide as its widest value among this many rows.
    private static let slice = 1_000

    private let format: QueryCommand.Format
    private let state = Mutex(State())

    init(_ format: QueryCommand.Format) { self.format = format }

    /// Takes the columns' names, before the first row.
    func begin(_ columns: [String]) {
        let names = format == .json ? QueryText.distinct(columns) : columns
        state.withLock { $0.columns = names }
        if format == .csv { Output.raw(QueryText.csv(columns.map { .text($0) })) }
    }

    /// Takes a row; false when it cannot be printed, and no other has to come.
    func add(_ row: [QueryValue]) -> Bool {
        switch format {
        case .csv: Output.raw(QueryText.csv(row))
        case .json: Output.line(QueryText.json(state.withLock { $0.columns }, row))
        case .table:
            let isFull = state.withLock { state in
                state.pending.append(row.map(QueryText.cell))
                return state.pending.count >= Self.slice
            }
            if isFull { flush() }
        }
        return Output.isOpen
    }

    func end() { if format == .table { flush() } }

    private func flush() {
        let (columns, rows) = state.withLock { state in
            defer { state.pending = [] }
            return (state.columns, state.pending)
        }
        Output.line(TextTable(columns, rows).render())
    }
}
