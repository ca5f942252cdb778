import GRDB
import SpoolCore

/// The query of the drain: a stream's events in `seq` order, copied column by column as bytes.
enum BatchQuery {
    /// The columns of an event row, in the order of `copy`.
    static let columns = """
        e.seq, e.kind, e.occurred_ms, e.created_ms, e.severity, e.external_id, e.category, e.action,
        e.message, e.user_name, e.app_name, e.app_id, e.ip, e.country, e.user_agent, e.objects, e.policies,
        e.link
        """
    /// Index of the first text column; the raw record follows the last one.
    private static let firstText: Int32 = 5
    private static let texts = Int32(EventBatch.Column.count - 1)

    static func liveSQL(raw: Bool) -> String {
        """
        SELECT \(columns)\(raw ? ", r.raw" : "")
        FROM event e INDEXED BY event_stream \(raw ? "LEFT JOIN record r ON r.seq = e.seq" : "")
        WHERE e.stream_id = ? AND e.seq > ? ORDER BY e.seq LIMIT ?
        """
    }

    static func live(
        _ db: Database,
        _ stream: StreamID,
        after: Seq,
        limit: BatchLimit,
        raw: Bool
    ) throws -> EventBatch? {
        let statement = try RawStatement(db, liveSQL(raw: raw))
        defer { statement.release() }
        statement.bind(stream.value, at: 1)
        statement.bind(after.value, at: 2)
        statement.bind(Int64(max(1, limit.events)), at: 3)
        guard try statement.step() else { return nil }
        var batch = EventBatch(
            stream: stream,
            reserving: min(limit.events, 4_096),
            bytes: min(limit.bytes, 1 << 20)
        )
        repeat {
            copy(statement, to: &batch, raw: raw, followsGap: false)
        } while try batch.text.count < limit.bytes && statement.step()
        return batch
    }

    /// Copies the event in the statement's current row.
    static func copy(_ row: RawStatement, to batch: inout EventBatch, raw: Bool, followsGap: Bool) {
        batch.begin(
            seq: row.int(0),
            kind: UInt8(truncatingIfNeeded: row.int(1)),
            occurred: row.int(2),
            created: row.int(3),
            severity: row.isNull(4) ? -1 : Int8(truncatingIfNeeded: row.int(4)),
            followsGap: followsGap
        )
        for column in 0..<texts { batch.appendText(row.text(firstText + column)) }
        batch.appendText(raw ? row.text(firstText + texts) : UnsafeRawBufferPointer(start: nil, count: 0))
    }
}
