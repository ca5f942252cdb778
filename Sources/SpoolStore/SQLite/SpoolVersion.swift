import GRDBSQLite
import SpoolCore

/// What `--version` says: ours, and SQLite's, which decides what the spool survives.
package enum SpoolVersion {
    /// Semantic version of this program.
    package static let number = ProgramVersion.number

    /// SQLite's version.
    package static var sqlite: String { String(cString: sqlite3_libversion()) }

    /// Both versions in one line.
    package static var text: String { "spool \(number) (SQLite \(sqlite))" }
}
