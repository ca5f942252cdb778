import Foundation
import GRDB
package import SpoolCore

/// A record whose columns were derived by an older parser version.
package struct StaleRecord: Sendable, Equatable {
    package let seq: Seq
    package let stream: StreamName
    package let kind: EventKind
    /// The source's own bytes.
    package let raw: [UInt8]
    /// When it was fetched: the only time of an unreadable record.
    package let fetched: Timestamp
}

extension Spool {
    /// False when an earlier run has found that all records have the current parser version.
    package func mayHaveStaleRecords() async throws(StoreError) -> Bool {
        try await read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT 1 FROM run WHERE derived >= ? LIMIT 1",
                arguments: [Event.reading]
            )
                == nil
        }
    }

    /// Records that all records have the current parser version, so that the next start skips the check.
    package func noStaleRecordsLeft() async throws(StoreError) {
        try await write { db in
            try db.execute(
                sql: "UPDATE run SET derived = ? WHERE id = (SELECT max(id) FROM run)",
                arguments: [Event.reading]
            )
        }
    }

    /// Records after `seq` whose columns were derived by an older parser version than `Event.reading`, in
    /// `seq` order.
    ///
    /// Reads no more than `rows` events, so that the read is short regardless of the spool's size.
    ///
    /// - Parameters:
    ///   - seq: where to continue.
    ///   - rows: the number of events to read.
    /// - Returns: the records, and where to continue; nil when the end is reached.
    /// - Throws: when the spool cannot be read.
    package func staleRecords(after seq: Seq, rows: Int = 1_000) async throws(StoreError)
        -> (records: [StaleRecord], next: Seq?)
    {
        try await read { db in
            let last = try Int64.fetchOne(
                db,
                sql: "SELECT max(seq) FROM (SELECT seq FROM event WHERE seq > ? ORDER BY seq LIMIT ?)",
                arguments: [seq.value, rows]
            )
            guard let last else { return ([], nil) }
            let found = try Row.fetchAll(
                db,
                sql: """
                    SELECT e.seq, e.kind, e.fetched_ms, CAST(r.raw AS BLOB), s.name
                    FROM event e JOIN record r ON r.seq = e.seq JOIN stream s ON s.id = e.stream_id
                    WHERE e.seq > ? AND e.seq <= ? AND e.derived < ? ORDER BY e.seq
                    """,
                arguments: [seq.value, last, Event.reading]
            )
            let records = found.map { row in
                StaleRecord(
                    seq: Seq(row[0]),
                    // A name of another form does not belong to a source.
                    stream: StreamName(row[4]) ?? StreamName(source: row[4], stream: ""),
                    kind: EventKind(rawValue: row[1]) ?? .activity,
                    raw: [UInt8](row[3] as Data),
                    fetched: Timestamp(milliseconds: row[2])
                )
            }
            return (records, Seq(last))
        }
    }

    /// Replaces the columns of these events, in one transaction; durable on return.
    ///
    /// Id, times and raw bytes stay: they identify the event, and windows and retention depend on them.
    package func derive(_ events: [(seq: Seq, event: Event)]) async throws(StoreError) {
        try await write { db in
            // As bytes: GRDB ends a text that it binds at a NUL.
            let text = "CAST(? AS TEXT)"
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE event SET derived = ?, readable = ?, severity = ?, category = \(text),
                        action = \(text), message = \(text), user_name = \(text), app_name = \(text),
                        app_id = \(text), ip = \(text), country = \(text), user_agent = \(text),
                        objects = \(text), policies = \(text), link = \(text)
                    WHERE seq = ?
                    """
            )
            for (seq, event) in events {
                let texts = [
                    event.category, event.action, event.message, event.userName, event.appName, event.appID,
                    event.ip, event.country, event.userAgent, event.objects, event.policies, event.link,
                ]
                try statement.execute(
                    arguments: [Event.reading, event.readable, event.severity]
                        + StatementArguments(texts.map { Data($0.utf8) }) + [seq.value]
                )
            }
        }
    }
}
