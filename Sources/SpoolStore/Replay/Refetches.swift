import GRDB
import SpoolCore

/// `replay.scan`: how far a replay's reading of its window from the source is.
enum Refetches {
    /// What is to be read before a replay of these streams can be fixed.
    ///
    /// Nothing of a stream without a source, which has left the configuration or is the spool's own.
    static func begin(_ db: Database, _ request: ReplayRequest, _ streams: [StreamID]) throws -> Refetch {
        let parts = try streams.compactMap { stream -> Refetch.Part? in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: "SELECT name, kind, is_configured FROM stream WHERE id = ?",
                    arguments: [stream.value]
                )
            else { throw StoreError(.invalid, "The spool has no stream \(stream).") }
            let name = try Names.stream(row[0])
            guard row[2], name != .notifications else { return nil }
            let isSavedLater = row[1] == EventKind.activity.rawValue && request.basis == .occurred
            return Refetch.Part(
                stream: stream,
                name: name,
                from: request.from,
                to: isSavedLater ? request.to + Refetch.savedAfter : request.to
            )
        }
        return Refetch(parts: parts)
    }

    /// The refetch of a replay that may go on; throws `.invalid` for any other.
    static func unfinished(_ db: Database, _ id: ReplayID) throws -> Refetch {
        guard let refetch = try pending(db, id) else {
            throw StoreError(.invalid, "Replay \(id) has ended, or reads nothing from the source.")
        }
        return refetch
    }

    /// The refetch of a replay that may go on; nil for any other.
    static func pending(_ db: Database, _ id: ReplayID) throws -> Refetch? {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT state, scan FROM replay WHERE id = ?"),
            arguments: [id.value]
        )
        guard let row, Replay.State(rawValue: row[0])?.isUnfinished == true,
            let refetch = try JSONColumn.value(Refetch.self, row[1]), !refetch.isFixed
        else { return nil }
        return refetch
    }

    static func keep(_ db: Database, _ refetch: Refetch, of id: ReplayID) throws {
        try db.cachedStatement(sql: "UPDATE replay SET scan = ? WHERE id = ?")
            .execute(arguments: [try JSONColumn.text(refetch), id.value])
    }

    /// Changes one stream's part; a source that tells something has answered.
    static func change(
        _ db: Database,
        _ stream: StreamID,
        of id: ReplayID,
        _ body: (inout Refetch.Part) -> Void
    ) throws {
        var refetch = try unfinished(db, id)
        guard let index = refetch.parts.firstIndex(where: { $0.stream == stream }) else {
            throw StoreError(.invalid, "Replay \(id) does not read stream \(stream).")
        }
        body(&refetch.parts[index])
        refetch.trouble = nil
        try keep(db, refetch, of: id)
    }
}
