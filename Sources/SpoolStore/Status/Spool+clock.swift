import GRDB
package import SpoolCore

extension Spool {
    /// Corrects timestamps of the local clock after that clock was set.
    ///
    /// A timestamp in the future, from before the clock was set back, becomes the current time; otherwise
    /// nothing would exceed an age limit, possibly for years. A timestamp from before the clock was set
    /// forward keeps its age; otherwise all ages would jump. Cheap while there is nothing to correct; call it
    /// every few seconds.
    ///
    /// - Parameters:
    ///   - now: the local clock.
    ///   - step: how far the clock was set forward since the last call; zero when it was not.
    /// - Throws: when the spool cannot be read or written.
    package func followClock(to now: Timestamp, setForwardBy step: Duration = .zero) async throws(StoreError)
    {
        wal.followClock(to: now, setForwardBy: step)
        if step > .zero { try await write { try NotedTimes.shift($0, at: now, by: step) } }
        guard try await read({ try NotedTimes.isAhead($0, of: now) }) else { return }
        try await write { try NotedTimes.takeBack($0, to: now) }
    }
}

/// The columns that contain times of the local clock and are compared with it.
enum NotedTimes {
    /// Times this far ahead are tolerated: clocks are corrected by seconds.
    static let tolerance = Duration.minutes(5)

    /// Columns by table; `isAge` is true for those from which an age is computed that a decision depends on.
    static let columns: [(table: String, column: String, isAge: Bool)] = [
        ("stream", "polled_ms", true), ("stream", "trouble_since_ms", true),
        ("stream", "last_success_ms", true), ("sink", "trouble_since_ms", true),
        ("sink", "state_since_ms", true), ("sink", "last_success_ms", false), ("replay", "moved_ms", true),
        ("replay", "created_ms", true), ("replay", "finished_ms", true), ("notification", "at_ms", true),
        ("notification", "cleared_ms", true), ("gap", "noticed_ms", false), ("gap", "healed_ms", false),
        ("run", "started_ms", true), ("run", "ended_ms", true), ("crash_mark", "at_ms", true),
        ("proof", "started_ms", true), ("proof", "finished_ms", true),
    ]
    /// Samples of two days; charts show nothing older.
    static let samples = ["stream_sample", "sink_sample"]

    static func isAhead(_ db: Database, of now: Timestamp) throws -> Bool {
        let parts =
            columns.map { "EXISTS (SELECT 1 FROM \($0.table) WHERE \($0.column) > ?1)" }
            + samples.map { "EXISTS (SELECT 1 FROM \($0) WHERE at_ms > ?1)" }
        return try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT " + parts.joined(separator: " OR ")),
            arguments: [(now + tolerance).milliseconds]
        ) ?? false
    }

    static func takeBack(_ db: Database, to now: Timestamp) throws {
        let arguments: StatementArguments = [now.milliseconds, (now + tolerance).milliseconds]
        for (table, column, _) in columns {
            try db.execute(
                sql: "UPDATE \(table) SET \(column) = ?1 WHERE \(column) > ?2",
                arguments: arguments
            )
        }
        for table in samples {
            try db.execute(
                sql: "DELETE FROM \(table) WHERE at_ms > ?",
                arguments: [(now + tolerance).milliseconds]
            )
        }
    }

    static func shift(_ db: Database, at now: Timestamp, by step: Duration) throws {
        // Times recorded since then are already of the new clock.
        let arguments: StatementArguments = [step.milliseconds, (now - step).milliseconds]
        for (table, column, isAge) in columns where isAge {
            try db.execute(
                sql: "UPDATE \(table) SET \(column) = \(column) + ?1 WHERE \(column) <= ?2",
                arguments: arguments
            )
        }
        for table in samples {
            try db.execute(
                sql: "UPDATE OR REPLACE \(table) SET at_ms = at_ms + ?1 WHERE at_ms <= ?2",
                arguments: arguments
            )
        }
    }
}
