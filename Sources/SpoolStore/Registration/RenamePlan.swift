import GRDB
import SpoolCore

/// Decides which sinks or streams are renamed, from `renamed_from` and the contents of the spool.
///
/// The registration carries the plan out; `spool check` only reports it.
struct RenamePlan: Equatable, Sendable {
    /// A sink or stream in the spool.
    struct Known: Equatable, Sendable {
        let id: Int64
        let name: String
        /// True while it is unused: a sink that has settled nothing, a stream without events.
        let isBlank: Bool
        /// The `renamed_from` that was carried out for it; nil when there was none, or the setting was
        /// removed.
        var carriedOut: String?
    }

    /// A sink or stream of the configuration.
    struct Wanted: Equatable, Sendable {
        let name: String
        let renamedFrom: String?
    }

    /// A row that is renamed.
    struct Move: Equatable, Sendable {
        let id: Int64
        let from: String
        let to: String
        /// The blank row with the new name, which is dropped.
        var replaced: Int64?
    }

    /// A `renamed_from` that cannot be carried out.
    struct Ignored: Equatable, Sendable {
        enum Reason: Equatable, Sendable {
            /// The spool has neither name.
            case unknown
            /// The former name is also configured, and the new one exists.
            case formerNameInUse
            /// The new name has a history of its own.
            case hasHistory
        }

        let name: String
        let formerName: String
        let reason: Reason
    }

    private(set) var moves: [Move] = []
    private(set) var ignored: [Ignored] = []
    /// The `renamed_from` values that have been carried out, by id, after the moves.
    private(set) var carriedOut: [Int64: String] = [:]

    init(_ wanted: [Wanted], known: [Known]) {
        let rows = Dictionary(known.map { ($0.name, $0) }) { first, _ in first }
        let configured = Set(wanted.map(\.name))
        var claims: [(name: String, row: Known)] = []
        for part in wanted {
            guard let former = part.renamedFrom, former != part.name else { continue }
            let present = rows[part.name]
            if present?.carriedOut == former {
                carriedOut[present?.id ?? 0] = former
            } else if let row = rows[former] {
                claims.append((part.name, row))
            } else if let present {
                carriedOut[present.id] = former
            } else if !known.isEmpty {
                ignored.append(Ignored(name: part.name, formerName: former, reason: .unknown))
            }
        }
        // Names may be exchanged or passed on in a chain: a name becomes free when its row is renamed. Each
        // round removes a claim on a name that does not become free.
        while let refused = Self.refused(claims, rows, configured) {
            claims.removeAll { $0.name == refused.name }
            ignored.append(refused)
        }
        let moving = Set(claims.map(\.row.id))
        for (name, row) in claims {
            let occupant = rows[name].flatMap { moving.contains($0.id) ? nil : $0.id }
            moves.append(Move(id: row.id, from: row.name, to: name, replaced: occupant))
            carriedOut[row.id] = row.name
        }
    }

    private static func refused(
        _ claims: [(name: String, row: Known)],
        _ rows: [String: Known],
        _ configured: Set<String>
    ) -> Ignored? {
        let moving = Set(claims.map(\.row.id))
        for (name, row) in claims {
            guard let occupant = rows[name], !moving.contains(occupant.id) else { continue }
            if configured.contains(row.name) {
                return Ignored(name: name, formerName: row.name, reason: .formerNameInUse)
            }
            if !occupant.isBlank {
                return Ignored(name: name, formerName: row.name, reason: .hasHistory)
            }
        }
        return nil
    }
}

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
