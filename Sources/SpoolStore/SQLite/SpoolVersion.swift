import GRDBSQLite
import SpoolCore

/// The output of `--version`: the version of this program, and that of SQLite, on which durability depends.
package enum SpoolVersion {
    /// Semantic version of this program.
    package static let number = ProgramVersion.number

    /// SQLite's version.
    package static var sqlite: String { String(cString: sqlite3_libversion()) }

    /// Both versions in one line.
    package static var text: String { "spool \(number) (SQLite \(sqlite))" }
}
