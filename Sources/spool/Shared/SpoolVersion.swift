import GRDBSQLite

/// What `--version` says: ours, and SQLite's, which decides what the spool survives.
enum SpoolVersion {
    static let number = "0.1.0"

    static var text: String { "spool \(number) (SQLite \(String(cString: sqlite3_libversion())))" }
}
