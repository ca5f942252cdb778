import GRDB
import GRDBSQLite
package import SpoolCore

extension Spool {
    /// Runs one read-only statement and passes on each row as it is read, so that memory does not limit the
    /// result.
    ///
    /// - Parameters:
    ///   - sql: one read-only statement without parameters.
    ///   - header: called once with the column names, which may contain duplicates.
    ///   - row: called for each row; returns false to stop.
    /// - Throws: `.invalid` with the reason for an error in the SQL; other kinds for errors of the spool.
    package func query(
        _ sql: String,
        header: @escaping @Sendable ([String]) -> Void,
        row: @escaping @Sendable ([QueryValue]) -> Bool
    ) async throws(StoreError) {
        try await read { db in
            let statement = try QueryStatement(db, sql)
            header(statement.columns)
            while let values = try statement.next() {
                guard row(values) else { return }
            }
        }
    }
}

/// A value in the result of a user's query.
package enum QueryValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    /// Text, including NUL characters.
    case text(String)
    /// A text value that is not valid UTF-8.
    case malformed([UInt8])
    case blob([UInt8])
}

/// One statement of a user's query, compiled and stepped manually because GRDB cuts texts off at a NUL.
final class QueryStatement {
    private let statement: OpaquePointer
    private let connection: OpaquePointer

    /// Compiles `sql`.
    ///
    /// - Throws: `.invalid` for anything but one read-only statement without parameters.
    init(_ db: Database, _ sql: String) throws {
        guard let connection = db.sqliteConnection else { throw StoreError(.io, "The spool is closed.") }
        try QueryPolicy.check(sql)
        var (first, others): (OpaquePointer?, Int) = (nil, 0)
        try sql.withCString { start in
            var rest: UnsafePointer<CChar>? = start
            while let next = rest, next.pointee != 0 {
                var compiled: OpaquePointer?
                let code = sqlite3_prepare_v3(connection, next, -1, 0, &compiled, &rest)
                if first == nil {
                    guard code == SQLITE_OK else { throw Self.error(connection, code) }
                    // Whitespace and comments compile to no statement.
                    first = compiled
                } else {
                    // Further statements are only counted; whether they compile does not matter.
                    if code != SQLITE_OK || compiled != nil { others += 1 }
                    sqlite3_finalize(compiled)
                    if code != SQLITE_OK { break }
                }
            }
        }
        guard let first else { throw StoreError(.invalid, "Invalid query: it contains no statement.") }
        do {
            try QueryPolicy.check(first, others: others)
        } catch {
            sqlite3_finalize(first)
            throw error
        }
        (statement, self.connection) = (first, connection)
    }

    deinit { sqlite3_finalize(statement) }

    var columns: [String] {
        (0..<sqlite3_column_count(statement)).map { index in
            sqlite3_column_name(statement, index).map { String(cString: $0) } ?? "column\(index + 1)"
        }
    }

    /// The next row; nil after the last.
    func next() throws -> [QueryValue]? {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return (0..<sqlite3_column_count(statement)).map(value)
        case SQLITE_DONE: return nil
        case let code: throw Self.error(connection, code)
        }
    }

    private func value(_ column: Int32) -> QueryValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
        case SQLITE_TEXT:
            let bytes = bytes(sqlite3_column_text(statement, column).map { UnsafeRawPointer($0) }, column)
            return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .malformed(bytes)
        case SQLITE_BLOB: return .blob(bytes(sqlite3_column_blob(statement, column), column))
        default: return .null
        }
    }

    /// The length is valid only after the value has been requested.
    private func bytes(_ start: UnsafeRawPointer?, _ column: Int32) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    /// Distinguishes errors in the query from errors of the file.
    private static func error(_ connection: OpaquePointer, _ code: Int32) -> any Error {
        let message = String(cString: sqlite3_errmsg(connection))
        switch code & 0xFF {
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_IOERR, SQLITE_FULL, SQLITE_BUSY, SQLITE_LOCKED,
            SQLITE_CANTOPEN,
            SQLITE_NOMEM, SQLITE_PROTOCOL:
            return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        case SQLITE_READONLY, SQLITE_AUTH: return StoreError(.invalid, QueryPolicy.readOnly)
        default: return StoreError(.invalid, "Invalid query: \(Sentence.ended(message))")
        }
    }
}

/// The statements that `spool query` accepts: one read-only statement without parameters.
enum QueryPolicy {
    static let readOnly = "Only read-only statements are allowed; this one would write."

    /// Statements that change neither the file nor the connection.
    private static let statements: Set<String> = ["SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA"]
    /// Read-only pragmas.
    private static let pragmas: Set<String> = [
        "APPLICATION_ID", "AUTO_VACUUM", "COLLATION_LIST", "COMPILE_OPTIONS", "DATABASE_LIST", "ENCODING",
        "FOREIGN_KEY_CHECK", "FOREIGN_KEY_LIST", "FREELIST_COUNT", "FUNCTION_LIST", "INDEX_INFO",
        "INDEX_LIST",
        "INDEX_XINFO", "INTEGRITY_CHECK", "JOURNAL_MODE", "MODULE_LIST", "PAGE_COUNT", "PAGE_SIZE",
        "PRAGMA_LIST",
        "QUICK_CHECK", "SCHEMA_VERSION", "TABLE_INFO", "TABLE_LIST", "TABLE_XINFO", "USER_VERSION",
    ]

    /// Checks the first words of the text, because SQLite reports ATTACH, BEGIN and VACUUM INTO as read-only,
    /// too.
    static func check(_ sql: String) throws(StoreError) {
        var words = Words(sql)
        guard let first = words.next() else { return }
        guard statements.contains(first) else {
            throw StoreError(
                .invalid,
                "Only read-only statements are allowed: SELECT, WITH, VALUES, EXPLAIN, or a read-only PRAGMA."
            )
        }
        guard first == "PRAGMA" else { return }
        var name = words.next() ?? ""
        // `PRAGMA main.page_size`.
        if words.takes(".") { name = words.next() ?? "" }
        guard pragmas.contains(name), !words.contains("=") else {
            throw StoreError(
                .invalid,
                "Only a read-only PRAGMA is allowed, such as table_info or page_count."
            )
        }
    }

    /// Checks the compiled statement.
    static func check(_ statement: OpaquePointer, others: Int) throws(StoreError) {
        guard others == 0 else {
            throw StoreError(
                .invalid,
                "Invalid query: only one statement is allowed; this text contains more than one."
            )
        }
        guard sqlite3_stmt_readonly(statement) != 0 else { throw StoreError(.invalid, readOnly) }
        guard sqlite3_bind_parameter_count(statement) == 0 else {
            throw StoreError(
                .invalid,
                "Invalid query: parameters (`?`, `:name`) are not supported; write the values into the query."
            )
        }
    }
}

/// The words at the beginning of an SQL text, in upper case; whitespace and comments are skipped.
private struct Words {
    private var rest: Substring

    init(_ sql: String) { rest = Substring(sql) }

    mutating func next() -> String? {
        skip()
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        rest = rest.dropFirst(word.count)
        return word.isEmpty ? nil : word.uppercased()
    }

    mutating func takes(_ character: Character) -> Bool {
        skip()
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    func contains(_ character: Character) -> Bool { rest.contains(character) }

    private mutating func skip() {
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == ";" }
            if rest.hasPrefix("--") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                guard let end = rest.dropFirst(2).firstRange(of: "*/") else { return rest = "" }
                rest = rest[end.upperBound...]
            } else {
                return
            }
        }
    }
}
