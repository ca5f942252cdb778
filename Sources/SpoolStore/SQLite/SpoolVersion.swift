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

/// A release number of SQLite.
package struct SQLiteRelease: Sendable, Equatable, CustomStringConvertible {
    package let numbers: [Int]

    /// The release that this program is linked with.
    package static var current: SQLiteRelease {
        SQLiteRelease(String(cString: sqlite3_libversion()))
    }

    /// Parses a text such as `3.40.1`; a part that is not a number counts as 0.
    package init(_ text: String) { numbers = text.split(separator: ".").map { Int($0) ?? 0 } }

    package var description: String { numbers.map(String.init).joined(separator: ".") }

    /// True when two connections that checkpoint at the same time may lose commits
    /// (sqlite.org/wal.html#walresetbug): 3.7.0 to 3.51.2, except for the fixed 3.44.6 and 3.50.7 and later
    /// releases of their series.
    package var hasWALResetRace: Bool {
        if numbers.lexicographicallyPrecedes([3, 7]) { return false }
        if numbers.starts(with: [3, 44]) { return numbers.lexicographicallyPrecedes([3, 44, 6]) }
        if numbers.starts(with: [3, 50]) { return numbers.lexicographicallyPrecedes([3, 50, 7]) }
        return numbers.lexicographicallyPrecedes([3, 51, 3])
    }
}
