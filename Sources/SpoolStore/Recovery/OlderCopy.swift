import GRDB
import SpoolCore

/// Compares a spool with the copy of its state, which is never newer than the spool that it was written for.
struct OlderCopy {
    let state: StateCopy
    let path: String
    let now: Timestamp

    /// Notes that the spool is an older copy, or another spool, and makes sure that nothing is left out.
    ///
    /// An older copy has older cursors, so that it reads the time since then again by itself. Another spool's
    /// cursors
    /// may be later than the events that waited here; they are moved back.
    ///
    /// - Returns: what was found, for the log; nil for the spool that the state was written for.
    func run(_ db: Database) throws -> String? {
        guard let kind = try kind(db) else { return nil }
        let windows = try windows(db, kind)
        for (table, seq) in state.sequences {
            try db.execute(
                sql: "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                arguments: [table, seq]
            )
        }
        let kept = try Int.fetchOne(db, sql: "SELECT coalesce(sum(kept), 0) FROM stream") ?? 0
        let cause = cause(kind)
        var outcome = Salvage.Outcome(kept: kept, lost: nil, windows: windows)
        outcome.sinks = try String.fetchAll(
            db,
            sql: "SELECT name FROM sink WHERE replay_id IS NULL AND state <> 'disabled' ORDER BY name"
        )
        let message = RecoveryText(path: path, kind: kind, cause: cause, movedTo: nil, state: state)
            .message(outcome)
        try Recoveries.note(db, kind, cause, movedTo: nil, outcome, message, at: now)
        return message
    }

    private func kind(_ db: Database) throws -> Recovery.Kind? {
        let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM run") ?? 0
        let started = try Int64.fetchOne(
            db,
            sql: "SELECT started_ms FROM run WHERE id = ?",
            arguments: [state.run]
        )
        if let started, started != state.runStarted { return .replaced }
        if started == nil, last < state.run { return .older }
        let seq = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'event'") ?? 0
        return seq < state.lastSeq ? .older : nil
    }

    private func cause(_ kind: Recovery.Kind) -> String {
        let time = Timestamp(milliseconds: state.written)
        return kind == .older
            ? "it lacks what had been stored up to \(time), as a restored backup does"
            : "it is not the spool that was in use here until \(time)"
    }

    private func windows(_ db: Database, _ kind: Recovery.Kind) throws -> [Salvage.Window] {
        var windows: [Salvage.Window] = []
        for (name, from) in state.rereadFrom.sorted(by: { $0.key < $1.key }) {
            guard let stream = try Salvage.Stream.all(db).first(where: { $0.name == name }) else { continue }
            let reached = stateSince(name) ?? stream.since
            if kind == .older {
                windows.append(
                    Salvage.Window(
                        stream: name,
                        from: stream.since,
                        pollsFrom: stream.since,
                        to: max(reached, stream.since)
                    )
                )
            } else if from < stream.since {
                windows.append(try Salvage.moveBack(db, stream, to: from))
            }
        }
        return windows
    }

    private func stateSince(_ name: String) -> Int64? {
        (state.rows["stream"] ?? []).first { $0["name"]?.text == name }?["since_ms"]?.integer
    }
}
