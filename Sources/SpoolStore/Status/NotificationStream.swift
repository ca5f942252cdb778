import Foundation
import GRDB
import SpoolCore

/// Turns notifications into events, in the transaction that raises or clears them.
///
/// They are delivered to sinks like all other events: from a watermark, with a ledger, also after a restart
/// or a long outage.
enum NotificationStream {
    /// Marks the columns as never to be derived again: no source has sent the record.
    private static let derived = Int64(Int32.max)

    /// Adds an event if a sink subscribes to notifications; otherwise the stream is not configured.
    static func append(_ db: Database, _ record: NotificationRecord) throws {
        let stream = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM stream WHERE name = ? AND is_configured = 1"),
            arguments: [StreamName.notifications.description]
        )
        guard let stream else { return }
        let event = record.event
        // A notification raised again within the same millisecond has the same id and is not inserted twice.
        try db.execute(
            sql: """
                INSERT INTO event (stream_id, window_id, fetched_ms, derived, kind, readable, occurred_ms,
                    created_ms, severity, external_id, category, action, message, user_name, app_name, app_id,
                    ip, country, user_agent, objects, policies, link)
                VALUES (?1, 0, ?2, ?3, ?4, 1, ?2, ?2, ?5, ?6, ?7, ?8, ?9, '', ?10, '', '', '', '', '', '', '')
                ON CONFLICT (stream_id, external_id) DO NOTHING
                """,
            arguments: [
                stream, record.at.milliseconds, derived, event.kind.rawValue, event.severity,
                event.externalID,
                event.category, event.action, event.message, event.appName,
            ]
        )
        guard db.changesCount == 1 else { return }
        try db.execute(
            sql: "INSERT INTO record (seq, raw) VALUES (?, ?)",
            arguments: [db.lastInsertedRowID, try JSONColumn.text(record)]
        )
        // Nothing before the newest event will be fetched again, so retention may delete up to it.
        try db.execute(
            sql: """
                UPDATE stream SET inserted = inserted + 1, kept = kept + 1, state = 'connected', cursor = ?1,
                    since_ms = ?2, last_success_ms = ?2, newest_ms = ?2 WHERE id = ?3
                """,
            arguments: [try JSONColumn.text(Cursor(since: record.at)), record.at.milliseconds, stream]
        )
    }
}
