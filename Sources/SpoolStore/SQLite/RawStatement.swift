import GRDB
import GRDBSQLite

/// A cached statement that is bound and stepped manually, so that columns do not become `String`s.
///
/// Reading 14 columns this way costs half as much as a GRDB row, and texts are bound and copied as raw bytes:
/// `String` would silently repair invalid UTF-8. Always call `reset` after use; a statement that is not
/// stepped to its end keeps its read transaction open.
struct RawStatement {
    private let statement: OpaquePointer
    private let connection: OpaquePointer?

    /// Gets the statement from the connection's cache, where it remains for the next call.
    init(_ db: Database, _ sql: String) throws {
        statement = try db.cachedStatement(sql: sql).sqliteStatement
        connection = db.sqliteConnection
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    func bind(_ value: Int64, at index: Int32) {
        sqlite3_bind_int64(statement, index, value)
    }

    func bind(_ value: Int64?, at index: Int32) {
        if let value { bind(value, at: index) } else { sqlite3_bind_null(statement, index) }
    }

    /// Binds bytes without a copy; they must stay valid until the statement is reset.
    func bind(text bytes: UnsafeRawBufferPointer, at index: Int32) {
        // A null pointer would bind NULL instead of an empty text.
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            sqlite3_bind_text(statement, index, Self.empty, 0, nil)
            return
        }
        sqlite3_bind_text64(
            statement,
            index,
            base.assumingMemoryBound(to: CChar.self),
            UInt64(bytes.count),
            nil,
            UInt8(SQLITE_UTF8)
        )
    }

    /// Steps to the next row; false after the last.
    func step() throws -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let message = connection.map { String(cString: sqlite3_errmsg($0)) }
            sqlite3_reset(statement)
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }

    /// Runs a statement without rows and resets it.
    func run() throws {
        _ = try step()
        sqlite3_reset(statement)
    }

    func reset() { sqlite3_reset(statement) }

    /// Resets the statement and clears its bindings.
    func release() {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    /// Number of rows that the last insert, update or delete changed.
    var changes: Int { connection.map { Int(sqlite3_changes($0)) } ?? 0 }

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    /// A column's bytes, valid until the next step or reset.
    func text(_ column: Int32) -> UnsafeRawBufferPointer {
        // The order matters: `sqlite3_column_bytes` is valid only after `sqlite3_column_text`.
        let start = sqlite3_column_text(statement, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
    }

    /// The address of an empty text.
    private static var empty: UnsafePointer<CChar> {
        let text: StaticString = ""
        return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
