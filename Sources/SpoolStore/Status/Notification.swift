import GRDB
package import SpoolCore

/// How bad a notification is.
package enum NotificationSeverity: String, Sendable, Codable {
    case information, warning, error, critical
}

/// A notification as it is raised.
package struct NewNotification: Sendable, Equatable {
    /// Fixed words that say what kind it is: `Data server connection error`.
    package let code: String
    /// The stream, sink or replay it is about; empty for the spool itself.
    package let subject: String
    package let severity: NotificationSeverity
    /// What happened, to what, and what to do.
    package let message: String

    package init(code: String, subject: String = "", severity: NotificationSeverity, message: String) {
        self.code = code
        self.subject = subject
        self.severity = severity
        self.message = message
    }
}

/// A notification as it is kept (`notification`).
package struct SpoolNotification: Sendable, Codable, Equatable {
    package let id: Int64
    package let at: Timestamp
    package let severity: NotificationSeverity
    package let code: String
    package let subject: String
    package let message: String
    package let cleared: Timestamp?
}

extension Spool {
    /// Raises a notification; one of the same code and subject that still stands takes the new words instead.
    ///
    /// - Returns: true when it is a new one.
    @discardableResult
    package func raise(_ notification: NewNotification, at now: Timestamp) async throws(StoreError) -> Bool {
        try await write { try Notifications.raise($0, notification, at: now) }
    }

    /// Clears a notification once its cause is gone; one that does not stand changes nothing.
    package func clearNotification(
        _ code: String,
        subject: String = "",
        at now: Timestamp
    ) async throws(StoreError) {
        try await write { try Notifications.clear($0, code, subject: subject, at: now) }
    }

    /// How many events a stream has ever had; nil when there is no such stream.
    package func inserted(into stream: StreamName) async throws(StoreError) -> Int? {
        try await read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT inserted FROM stream WHERE name = ?",
                arguments: [stream.description]
            )
        }
    }

    /// Notifications, newest first; with `all` those already cleared as well.
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

    /// Clears one; if it does not stand, nothing changes.
    static func clear(_ db: Database, _ code: String, subject: String, at now: Timestamp) throws {
        try clear(db, where: "code = ? AND subject = ?", [code, subject], at: now)
    }

    /// Clears all that stand and meet a condition.
    static func clear(
        _ db: Database,
        where condition: String,
        _ arguments: StatementArguments,
        at now: Timestamp
    ) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, at_ms, severity, code, subject, message, cleared_ms FROM notification
                WHERE cleared_ms IS NULL AND \(condition) ORDER BY id
                """,
            arguments: arguments
        )
        for standing in rows.map(notification) {
            // The clocks of sources and of this machine may differ; nothing is over before it began.
            let end = max(now, standing.at)
            try db.execute(
                sql: "UPDATE notification SET cleared_ms = ? WHERE id = ?",
                arguments: [end.milliseconds, standing.id]
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
                SELECT id, at_ms, severity, code, subject, message, cleared_ms
                FROM notification \(all ? "" : "INDEXED BY notification_open WHERE cleared_ms IS NULL")
                ORDER BY id DESC LIMIT ?
                """,
            arguments: [limit]
        )
        return rows.map(notification)
    }

    private static func notification(_ row: Row) -> SpoolNotification {
        SpoolNotification(
            id: row[0],
            at: Timestamp(milliseconds: row[1]),
            severity: NotificationSeverity(rawValue: row[2]) ?? .error,
            code: row[3],
            subject: row[4],
            message: row[5],
            cleared: Timestamp(row[6] as Int64?)
        )
    }
}
