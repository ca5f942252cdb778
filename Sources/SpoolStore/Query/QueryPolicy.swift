import GRDBSQLite
import SpoolCore

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
