import GRDB
import SpoolCore

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
