import GRDB
package import SpoolCore

/// A value of an answer to a person's own SQL.
package enum QueryValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

extension Spool {
    /// Runs one read-only statement and hands out its rows as they come, so that an answer of any size fits.
    ///
    /// - Parameters:
    ///   - sql: one statement; what would write is refused by the read-only connection.
    ///   - header: called once with the column names.
    ///   - row: called for each row; false ends the reading.
    /// - Throws: `.invalid` with SQLite's message for wrong SQL.
    package func query(
        _ sql: String,
        header: @escaping @Sendable ([String]) -> Void,
        row: @escaping @Sendable ([QueryValue]) -> Bool
    ) async throws(StoreError) {
        try await read { db in
            do {
                let statement = try db.makeStatement(sql: sql)
                guard statement.isReadonly else {
                    throw StoreError(.invalid, "Only reading is possible here; this statement would write.")
                }
                header(statement.columnNames)
                let cursor = try Row.fetchCursor(statement)
                while let next = try cursor.next() {
                    guard row(next.map { QueryValue($0.1) }) else { return }
                }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
                throw StoreError(.invalid, "The query is not right: \(error.message ?? "syntax error").")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {
                throw StoreError(.invalid, "Only reading is possible here; this statement would write.")
            }
        }
    }
}

extension QueryValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .real(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob(Array(data))
        }
    }
}
