import GRDB
import GRDBSQLite
package import SpoolCore

/// The result of a time-limited check of the file's whole structure.
package struct SpoolExamination: Sendable, Equatable {
    /// Tables checked completely, with their indexes.
    package internal(set) var checked: [String] = []
    /// Tables whose check exceeded its time limit.
    package internal(set) var unfinished: [String] = []
    /// Faults as SQLite reports them; empty for an intact file.
    package internal(set) var faults: [String] = []
}

/// How fast the spool grows.
package struct SpoolGrowth: Sendable, Equatable {
    /// Events that the source created in the last 24 hours before its latest reported time.
    package let lastDay: Int
    /// Events in the spool.
    package let kept: Int
    /// Bytes in use.
    package let inUse: Int64

    package init(lastDay: Int, kept: Int, inUse: Int64) {
        self.lastDay = lastDay
        self.kept = kept
        self.inUse = inUse
    }
}

extension Spool {
    /// Runs `quick_check` table by table, each in its own snapshot and for at most `timeout`, because an
    /// open snapshot lets the write-ahead log grow.
    package func examine(timeout: Duration) async throws(StoreError) -> SpoolExamination {
        let tables = try await read { db in
            try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        }
        var examination = SpoolExamination()
        for table in tables where !table.hasPrefix("sqlite_") {
            let result = try await read { db in try Self.check(db, table, timeout) }
            switch result {
            case .some(let faults):
                examination.checked.append(table)
                examination.faults += faults
            case .none: examination.unfinished.append(table)
            }
        }
        return examination
    }

    /// Counts the events of the last day by the source's time.
    package func growth() async throws(StoreError) -> SpoolGrowth {
        try await read { db in
            let lastDay = try Int.fetchOne(
                db,
                sql: """
                    SELECT coalesce(sum((SELECT count(*) FROM event e WHERE e.stream_id = s.id
                        AND e.created_ms >= s.source_ms - 86400000)), 0) FROM stream s
                    """
            )
            return SpoolGrowth(
                lastDay: lastDay ?? 0,
                kept: try Int.fetchOne(db, sql: "SELECT coalesce(sum(kept), 0) FROM stream") ?? 0,
                inUse: try Sizes.bytesInUse(db)
            )
        }
    }

    /// The faults that SQLite reports for a table; nil when the check took longer than `timeout`.
    private static func check(_ db: Database, _ table: String, _ timeout: Duration) throws -> [String]? {
        let alarm = CheckAlarm(at: .now.advanced(by: timeout))
        let context = Unmanaged.passUnretained(alarm).toOpaque()
        // Called every 10,000 instructions of SQLite's virtual machine, well under a millisecond.
        sqlite3_progress_handler(db.sqliteConnection, 10_000, checkAlarmRings, context)
        defer { sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil) }
        do {
            let lines = try withExtendedLifetime(alarm) {
                try String.fetchAll(db, sql: "PRAGMA quick_check('\(table)')")
            }
            return lines == ["ok"] ? [] : lines.map { "\(table): \($0)" }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
            return nil
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            return ["\(table): \(error.message ?? "damaged")"]
        }
    }
}

/// When a check has to end.
private final class CheckAlarm {
    let time: ContinuousClock.Instant

    init(at time: ContinuousClock.Instant) { self.time = time }
}

/// Called by SQLite; any result but 0 ends the statement.
private func checkAlarmRings(_ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context else { return 0 }
    let alarm = Unmanaged<CheckAlarm>.fromOpaque(context).takeUnretainedValue()
    return ContinuousClock.now < alarm.time ? 0 : 1
}
