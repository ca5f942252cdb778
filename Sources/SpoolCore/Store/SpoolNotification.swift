/// Severity of a notification.
package enum NotificationSeverity: String, Sendable, Codable {
    case information, warning, error, critical
}

/// A stored notification (table `notification`), as the status shows it.
package struct SpoolNotification: Codable, Sendable, Equatable {
    package var at: Timestamp
    package var severity: NotificationSeverity
    package var code: String
    /// The stream, sink or replay it concerns; empty for the spool itself.
    package var subject: String
    package var message: String
    /// Nil while it is active.
    package var cleared: Timestamp?

    package init(
        at: Timestamp,
        severity: NotificationSeverity,
        code: String,
        subject: String = "",
        message: String,
        cleared: Timestamp? = nil
    ) {
        self.at = at
        self.severity = severity
        self.code = code
        self.subject = subject
        self.message = message
        self.cleared = cleared
    }

    private enum CodingKeys: String, CodingKey {
        case severity, code, subject, message
        case at = "at_ms"
        case cleared = "cleared_ms"
    }
}
