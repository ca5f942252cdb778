import GRDBSQLite

/// A release of SQLite, as far as it matters for the spool.
package struct SQLiteRelease: Sendable, Equatable, CustomStringConvertible {
    package let numbers: [Int]

    /// The one this program runs with.
    package static var current: SQLiteRelease {
        SQLiteRelease(String(cString: sqlite3_libversion()))
    }

    /// Reads `3.40.1`; what is no number counts as 0.
    package init(_ text: String) { numbers = text.split(separator: ".").map { Int($0) ?? 0 } }

    package var description: String { numbers.map(String.init).joined(separator: ".") }

    /// True where two connections that checkpoint at once may lose commits (sqlite.org/wal.html#walresetbug):
    /// 3.7.0 to 3.51.2, but for the corrected 3.44.6 and 3.50.7 and what follows them in their series.
    package var hasWALResetRace: Bool {
        if numbers.lexicographicallyPrecedes([3, 7]) { return false }
        if numbers.starts(with: [3, 44]) { return numbers.lexicographicallyPrecedes([3, 44, 6]) }
        if numbers.starts(with: [3, 50]) { return numbers.lexicographicallyPrecedes([3, 50, 7]) }
        return numbers.lexicographicallyPrecedes([3, 51, 3])
    }
}
