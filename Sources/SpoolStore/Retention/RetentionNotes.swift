import GRDB
import SpoolCore

/// The notifications that the spool itself raises, in the transaction of the change that they report, and
/// clears.
enum RetentionNotes {
    static let pausedTooLong = "Replay paused too long"
    static let eventsLost = "Events lost to a sink that left"
    /// The minimum time for which a loss is shown; it is also shown for as long as its sink is not
    /// configured.
    static let lossShown = Duration.days(7)

    /// Raises a notification for each replay that no longer keeps its events, and clears those of replays
    /// that were resumed or have ended.
    static func paused(_ db: Database, _ replays: [Int64], at now: Timestamp) throws {
        for id in replays {
            try Notifications.raise(
                db,
                NewNotification(
                    code: pausedTooLong,
                    subject: "\(id)",
                    severity: .warning,
                    message:
                        "Replay \(id) has been paused for more than 7 days; retention may now delete events "
                        + "that it has not sent yet. Resume or cancel it."
                ),
                at: now
            )
        }
        try Notifications.clear(
            db,
            where: "code = ? AND subject NOT IN (SELECT CAST(value AS TEXT) FROM json_each(?))",
            [pausedTooLong, try JSONColumn.text(replays)],
            at: now
        )
    }

    /// Clears the notification of a replay that was resumed or cancelled.
    static func moved(_ db: Database, _ replay: ReplayID, at now: Timestamp) throws {
        try Notifications.clear(db, pausedTooLong, subject: "\(replay)", at: now)
    }

    /// Reports events that retention deletes before an unconfigured sink received them.
    static func lost(_ db: Database, sink: String, first: Int64, last: Int64, at now: Timestamp) throws {
        try Notifications.raise(
            db,
            NewNotification(
                code: eventsLost,
                subject: sink,
                severity: .warning,
                message:
                    "Sink \(sink) is no longer configured, and retention deleted events that were not sent "
                    + "to it, including \(first) to \(last); see the view `gaps`."
            ),
            at: now
        )
    }

    /// Clears old losses of sinks that are configured again or forgotten; `gaps` still shows them.
    static func clearOldLosses(_ db: Database, at now: Timestamp) throws {
        try Notifications.clear(
            db,
            where: """
                code = ? AND at_ms < ? AND NOT EXISTS (
                    SELECT 1 FROM subscription s JOIN sink k ON k.id = s.sink_id
                    WHERE k.name = notification.subject AND s.state = 'left' AND s.lost > 0)
                """,
            [eventsLost, (now - lossShown).milliseconds],
            at: now
        )
    }

    /// Moves the notification of a renamed sink to its new name.
    static func renamed(_ db: Database, sink: String, to name: String) throws {
        try db.execute(
            sql:
                "UPDATE OR REPLACE notification SET subject = ? "
                + "WHERE subject = ? AND code = ? AND cleared_ms IS NULL",
            arguments: [name, sink, eventsLost]
        )
    }

    /// Clears the notification of a sink that the operator has forgotten.
    static func forgotten(_ db: Database, sink: String, at now: Timestamp) throws {
        try Notifications.clear(db, eventsLost, subject: sink, at: now)
    }
}
