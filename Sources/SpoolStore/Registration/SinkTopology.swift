import GRDB
import SpoolCore

/// Registers the sinks of a configuration by name.
enum SinkTopology {
    static func register(_ db: Database, _ sink: Topology.Sink, at now: Timestamp) throws -> SinkID {
        if let id = try id(db, sink.name) {
            try db.execute(
                sql: "UPDATE sink SET type = ? WHERE id = ?",
                arguments: [sink.type, id.value]
            )
            return id
        }
        let id = try FreshID.next(db, in: .sink)
        try db.execute(
            sql: "INSERT INTO sink (id, name, type, state_since_ms) VALUES (?, ?, ?, ?)",
            arguments: [id, sink.name.text, sink.type, now.milliseconds]
        )
        return SinkID(id)
    }

    /// Updates the state of a sink all of whose subscriptions have begun.
    ///
    /// A sink that is configured again, or had no `start`, is reset; any other keeps its state until its
    /// first attempt, so that a restart does not show a failing sink as healthy.
    static func begin(_ db: Database, _ id: SinkID, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE sink SET state = 'created', state_since_ms = ?, trouble_since_ms = NULL, cuts = 0,
                    last_error = NULL, suspicion = NULL
                WHERE id = ? AND (state = 'disabled' OR state = 'held' AND trouble_since_ms IS NULL)
                """,
            arguments: [now.milliseconds, id.value]
        )
    }

    /// Holds a sink with a subscription that cannot begin: nothing is sent to it, so any other error is
    /// cleared.
    static func hold(_ db: Database, _ id: SinkID, reason: String, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE sink SET
                    state_since_ms = CASE WHEN state = 'held' AND trouble_since_ms IS NULL
                        THEN coalesce(state_since_ms, ?1) ELSE ?1 END,
                    state = 'held', trouble_since_ms = NULL, cuts = 0, attempts = 0, retry_at_ms = NULL,
                    last_error = ?2
                WHERE id = ?3
                """,
            arguments: [now.milliseconds, reason, id.value]
        )
    }

    /// Sinks that are not in the roster and that subscribed to one of these streams: one of them may have
    /// been renamed.
    static func left(_ db: Database, _ topology: Topology, taking streams: [StreamID]) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT DISTINCT k.name FROM sink k JOIN subscription s ON s.sink_id = k.id
                WHERE k.replay_id IS NULL AND s.stream_id IN (SELECT value FROM json_each(?))
                    AND k.name NOT IN (SELECT value FROM json_each(?))
                ORDER BY k.name
                """,
            arguments: [
                try JSONColumn.text(streams.map(\.value)),
                try JSONColumn.text(topology.sinks.map(\.name.text)),
            ]
        )
    }

    /// Sets how long a sink may be down before its state changes.
    static func setThresholds(_ db: Database, _ topology: Topology) throws {
        try db.execute(
            sql: "UPDATE sink SET connection_error_after_ms = ?, disconnected_after_ms = ?",
            arguments: [topology.connectionErrorAfter.milliseconds, topology.disconnectedAfter.milliseconds]
        )
    }

    /// Disables sinks that are no longer configured.
    static func disable(_ db: Database, allBut configured: [SinkID], at now: Timestamp) throws {
        let kept = try JSONColumn.text(configured.map(\.value))
        try db.execute(
            sql: """
                UPDATE sink SET state = 'disabled', state_since_ms = ?, retry_at_ms = NULL
                WHERE state <> 'disabled' AND replay_id IS NULL AND id NOT IN (SELECT value FROM json_each(?))
                """,
            arguments: [now.milliseconds, kept]
        )
        try db.execute(
            sql: """
                UPDATE subscription SET state = 'left'
                WHERE state <> 'left' AND sink_id NOT IN (SELECT value FROM json_each(?))
                """,
            arguments: [kept]
        )
    }

    static func id(_ db: Database, _ name: SinkName) throws -> SinkID? {
        try Int64.fetchOne(
            db,
            sql: "SELECT id FROM sink WHERE name = ? AND replay_id IS NULL",
            arguments: [name.text]
        )
        .map { SinkID($0) }
    }
}

/// Registers the streams of a configuration by name.
enum StreamTopology {
    static func register(_ db: Database, _ streams: [Topology.Stream]) throws -> [StreamName: StreamID] {
        try db.execute(sql: "UPDATE stream SET is_configured = 0")
        var ids: [StreamName: StreamID] = [:]
        for stream in streams { ids[stream.name] = try register(db, stream) }
        return ids
    }

    private static func register(_ db: Database, _ stream: Topology.Stream) throws -> StreamID {
        if let id = try id(db, stream.name) {
            try db.execute(
                sql: """
                    UPDATE stream SET is_configured = 1, kind = ?, filter_hash = coalesce(?, filter_hash),
                        gap_after_ms = ? WHERE id = ?
                    """,
                arguments: [
                    stream.kind.rawValue, stream.filterHash, stream.gapAfter.milliseconds, id.value,
                ]
            )
            return id
        }
        let id = try FreshID.next(db, in: .stream)
        try db.execute(
            sql: """
                INSERT INTO stream (id, name, source, kind, is_configured, filter_hash, gap_after_ms)
                VALUES (?, ?, ?, ?, 1, ?, ?)
                """,
            arguments: [
                id, stream.name.description, stream.name.source, stream.kind.rawValue, stream.filterHash,
                stream.gapAfter.milliseconds,
            ]
        )
        return StreamID(id)
    }

    private static func id(_ db: Database, _ name: StreamName) throws -> StreamID? {
        try Int64.fetchOne(
            db,
            sql: "SELECT id FROM stream WHERE name = ? AND replay_id IS NULL",
            arguments: [name.description]
        ).map { StreamID($0) }
    }
}
