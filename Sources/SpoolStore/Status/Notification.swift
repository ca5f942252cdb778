import Foundation
import GRDB
package import SpoolCore

/// A notification to be raised.
package struct NewNotification: Sendable, Equatable {
    /// Fixed text that identifies its kind: `Data server connection error`.
    package let code: String
    /// The stream, sink or replay it is about; empty for the spool itself.
    package let subject: String
    package let severity: NotificationSeverity
    /// What happened, what is affected, and what to do.
    package let message: String

    package init(code: String, subject: String = "", severity: NotificationSeverity, message: String) {
        self.code = code
        self.subject = subject
        self.severity = severity
        self.message = message
    }
}

extension Spool {
    /// Raises a notification; an active one with the same code and subject gets the new message and severity
    /// instead.
    ///
    /// - Returns: true when it is new.
    @discardableResult
    package func raise(_ notification: NewNotification, at now: Timestamp) async throws(StoreError) -> Bool {
        try await write { try Notifications.raise($0, notification, at: now) }
    }

    /// Clears a notification once its cause is gone; does nothing when it is not active.
    package func clearNotification(
        _ code: String,
        subject: String = "",
        at now: Timestamp
    ) async throws(StoreError) {
        try await write { try Notifications.clear($0, code, subject: subject, at: now) }
    }

    /// Number of events ever inserted into a stream; nil when there is no such stream.
    package func inserted(into stream: StreamName) async throws(StoreError) -> Int? {
        try await read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT inserted FROM stream WHERE name = ?",
                arguments: [stream.description]
            )
        }
    }

    /// Active notifications, newest first; with `all` also cleared ones.
    package func notifications(all: Bool = false, limit: Int = 100) async throws(StoreError)
        -> [SpoolNotification]
    {
        try await read { try Notifications.fetch($0, all: all, limit: limit) }
    }
}

/// The rows of `notification`.
enum Notifications {
    @discardableResult
    static func raise(_ db: Database, _ new: NewNotification, at now: Timestamp) throws -> Bool {
        try db.execute(
            sql: """
                UPDATE notification SET message = ?, severity = ?
                WHERE code = ? AND subject = ? AND cleared_ms IS NULL
                """,
            arguments: [new.message, new.severity.rawValue, new.code, new.subject]
        )
        if db.changesCount > 0 { return false }
        try db.execute(
            sql: "INSERT INTO notification (at_ms, severity, code, subject, message) VALUES (?, ?, ?, ?, ?)",
            arguments: [now.milliseconds, new.severity.rawValue, new.code, new.subject, new.message]
        )
        try NotificationStream.append(
            db,
            NotificationRecord(
                state: .raised,
                severity: new.severity.rawValue,
                code: new.code,
                subject: new.subject,
                message: new.message,
                raised: now,
                at: now
            )
        )
        return true
    }

    /// Clears one; does nothing when it is not active.
    static func clear(_ db: Database, _ code: String, subject: String, at now: Timestamp) throws {
        try clear(db, where: "code = ? AND subject = ?", [code, subject], at: now)
    }

    /// Clears all active notifications that match a condition.
    static func clear(
        _ db: Database,
        where condition: String,
        _ arguments: StatementArguments,
        at now: Timestamp
    ) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT at_ms, severity, code, subject, message, cleared_ms, id FROM notification
                WHERE cleared_ms IS NULL AND \(condition) ORDER BY id
                """,
            arguments: arguments
        )
        for row in rows {
            let standing = notification(row)
            // The clocks of sources and of this machine may differ; the end must not be before the beginning.
            let end = max(now, standing.at)
            try db.execute(
                sql: "UPDATE notification SET cleared_ms = ? WHERE id = ?",
                arguments: [end.milliseconds, row[6] as Int64]
            )
            try NotificationStream.append(
                db,
                NotificationRecord(
                    state: .cleared,
                    severity: standing.severity.rawValue,
                    code: standing.code,
                    subject: standing.subject,
                    message: standing.message,
                    raised: standing.at,
                    at: end
                )
            )
        }
    }

    static func fetch(_ db: Database, all: Bool, limit: Int) throws -> [SpoolNotification] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT at_ms, severity, code, subject, message, cleared_ms
                FROM notification \(all ? "" : "INDEXED BY notification_open WHERE cleared_ms IS NULL")
                ORDER BY id DESC LIMIT ?
                """,
            arguments: [limit]
        )
        return rows.map(notification)
    }

    private static func notification(_ row: Row) -> SpoolNotification {
        SpoolNotification(
            at: Timestamp(milliseconds: row[0]),
            severity: NotificationSeverity(rawValue: row[1]) ?? .error,
            code: row[2],
            subject: row[3],
            message: row[4],
            cleared: Timestamp(row[5] as Int64?)
        )
    }
}

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
