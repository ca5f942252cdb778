import GRDB
package import SpoolCore

enum PoisonMarks {
    /// Counts the unclean end that was just detected for every mark that was set.
    static let countSQL = "UPDATE crash_mark SET ends = ends + 1 WHERE is_set = 1"

    /// The poison records that were isolated, counted by stream or sink.
    static func traps(_ db: Database, aged: (Int64?) -> Timestamp?) throws -> [SpoolStatus.Trap] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT step, subject, count(*), max(at_ms) FROM crash_mark
                WHERE ends >= ?2 AND substr(place, 1, length(?1)) = ?1 GROUP BY step, subject
                """,
            arguments: [PoisonMark.single, PoisonMark.suspicious]
        )
        return rows.compactMap { row in
            guard let step = PoisonMark.Step(rawValue: row[0]), let at = aged(row[3]) else { return nil }
            return SpoolStatus.Trap(step: step, subject: row[1], records: row[2], at: at)
        }
    }
}

extension Spool: PoisonMarkStore {
    /// Sets a mark before a step that may crash the process; durable on return.
    package func mark(_ mark: PoisonMark, at now: Timestamp) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: """
                    INSERT INTO crash_mark (step, subject, place, is_set, at_ms) VALUES (?, ?, ?, 1, ?)
                    ON CONFLICT (step, subject, place) DO UPDATE SET is_set = 1, at_ms = excluded.at_ms
                    """,
                arguments: [mark.step.rawValue, mark.subject, mark.place, now.milliseconds]
            )
        }
    }

    /// Removes a mark after its step, with its count.
    package func clear(_ mark: PoisonMark) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM crash_mark WHERE step = ? AND subject = ? AND place = ?",
                arguments: [mark.step.rawValue, mark.subject, mark.place]
            )
        }
    }

    /// How often the process has ended uncleanly under each mark.
    package func marksOfUncleanEnds() async throws(StoreError) -> [PoisonMark: Int] {
        try await read { db in
            var marks: [PoisonMark: Int] = [:]
            for row in try Row.fetchAll(
                db,
                sql: "SELECT step, subject, place, ends FROM crash_mark WHERE ends > 0"
            ) {
                guard let step = PoisonMark.Step(rawValue: row[0]) else { continue }
                marks[PoisonMark(step: step, subject: row[1], place: row[2])] = row[3]
            }
            return marks
        }
    }
}
