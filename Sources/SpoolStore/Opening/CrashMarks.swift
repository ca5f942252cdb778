import GRDB
package import SpoolCore

/// What was under way when the process trapped: the reading of a page, or the rendering of a batch.
package struct CrashMark: Sendable, Hashable, Codable {
    package enum Step: String, Sendable, Codable {
        case page, batch
    }

    package let step: Step
    /// The name of the stream or sink.
    package let subject: String
    /// Which page, batch or record, in the caller's words: the same at every start.
    package let place: String

    package init(step: Step, subject: String, place: String) {
        self.step = step
        self.subject = subject
        self.place = place
    }
}

enum CrashMarks {
    /// Counts the end that has just been found for every mark that stood.
    static let countSQL = "UPDATE crash_mark SET ends = ends + 1 WHERE is_set = 1"
}

extension Spool {
    /// Sets a mark before a step that may trap; durable on return.
    package func mark(_ mark: CrashMark, at now: Timestamp) async throws(StoreError) {
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

    /// Takes a mark away after its step, with what was counted under it.
    package func clear(_ mark: CrashMark) async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "DELETE FROM crash_mark WHERE step = ? AND subject = ? AND place = ?",
                arguments: [mark.step.rawValue, mark.subject, mark.place]
            )
        }
    }

    /// How often the process has ended uncleanly under each mark.
    package func marksOfUncleanEnds() async throws(StoreError) -> [CrashMark: Int] {
        try await read { db in
            var marks: [CrashMark: Int] = [:]
            for row in try Row.fetchAll(
                db,
                sql: "SELECT step, subject, place, ends FROM crash_mark WHERE ends > 0"
            ) {
                guard let step = CrashMark.Step(rawValue: row[0]) else { continue }
                marks[CrashMark(step: step, subject: row[1], place: row[2])] = row[3]
            }
            return marks
        }
    }
}
