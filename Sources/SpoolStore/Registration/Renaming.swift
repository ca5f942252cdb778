import GRDB
import SpoolCore

/// Reads what a `RenamePlan` needs of sinks and streams in the spool, and carries it out.
enum Renaming: String {
    case sink, stream

    /// Every sink or stream that a configuration can refer to.
    func known(_ db: Database) throws -> [RenamePlan.Known] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT t.id, t.name, \(isBlankSQL), r.old_name
                FROM \(rawValue) t LEFT JOIN renaming r ON r.what = '\(rawValue)' AND r.id = t.id
                WHERE t.replay_id IS NULL ORDER BY t.id
                """
        )
        .map { RenamePlan.Known(id: $0[0], name: $0[1], isBlank: $0[2], carriedOut: $0[3]) }
    }

    /// True for an unused row `t`.
    private var isBlankSQL: String {
        switch self {
        case .sink:
            """
            NOT EXISTS (SELECT 1 FROM ledger l WHERE l.sink_id = t.id)
                AND NOT EXISTS (SELECT 1 FROM dead_letter d WHERE d.sink_id = t.id)
                AND NOT EXISTS (SELECT 1 FROM replay r WHERE r.sink_id = t.id)
                AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.sink_id = t.id
                    AND s.delivered + s.filtered + s.refused + s.replayed + s.lost > 0)
            """
        case .stream: "t.inserted = 0"
        }
    }

    /// Renames rows.
    ///
    /// Names may be exchanged, so all renamed rows first get temporary names.
    func carryOut(_ plan: RenamePlan, _ db: Database, at now: Timestamp) throws {
        for move in plan.moves {
            if let replaced = move.replaced { try Forgetting.retire(db, self, replaced, at: now) }
            try rename(db, move.id, from: move.from, to: Self.passing(move.id))
        }
        for move in plan.moves { try rename(db, move.id, from: Self.passing(move.id), to: move.to) }
        try db.execute(sql: "DELETE FROM renaming WHERE what = ?", arguments: [rawValue])
        for (id, old) in plan.carriedOut {
            try db.execute(
                sql: "INSERT INTO renaming (what, id, old_name) VALUES (?, ?, ?)",
                arguments: [rawValue, id, old]
            )
        }
    }

    /// Renames one row, and what refers to it by name: marks of poison records, and the notification of lost
    /// events.
    func rename(_ db: Database, _ id: Int64, from old: String, to new: String) throws {
        switch self {
        case .sink:
            try db.execute(sql: "UPDATE sink SET name = ? WHERE id = ?", arguments: [new, id])
            try RetentionNotes.renamed(db, sink: old, to: new)
        case .stream:
            try db.execute(
                sql: "UPDATE stream SET name = ?, source = ? WHERE id = ?",
                arguments: [new, StreamName(new)?.source ?? "", id]
            )
        }
        try db.execute(
            sql: "UPDATE OR REPLACE crash_mark SET subject = ? WHERE subject = ? AND step = ?",
            arguments: [new, old, step]
        )
    }

    /// Deletes the marks of poison records of this name.
    func deleteMarks(_ db: Database, of name: String) throws {
        try db.execute(sql: "DELETE FROM crash_mark WHERE subject = ? AND step = ?", arguments: [name, step])
    }

    /// The step under which its poison records are marked.
    private var step: String { self == .sink ? "batch" : "page" }

    /// A temporary name that no configuration can contain.
    private static func passing(_ id: Int64) -> String { "renaming/@\(id)" }
}
