/// The payload of a notification, sent once when it is raised and once when it is cleared.
///
/// It is the raw record of an event of `StreamName.notifications`.
package struct NotificationRecord: Codable, Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        case raised, cleared
    }

    /// Unique, even after a backup has been restored.
    package let id: String
    package let state: State
    /// `information`, `warning`, `error` or `critical`.
    package let severity: String
    package let code: String
    /// The stream, sink or replay it concerns; empty for the spool itself.
    package let subject: String
    package let message: String
    package let raised: Timestamp
    /// When it was raised, or cleared.
    package let at: Timestamp

    package init(
        state: State,
        severity: String,
        code: String,
        subject: String,
        message: String,
        raised: Timestamp,
        at: Timestamp
    ) {
        id =
            ["spool", String(raised.milliseconds), Self.slug(code), Self.slug(subject), state.rawValue]
            .filter { !$0.isEmpty }.joined(separator: "-")
        self.state = state
        self.severity = severity
        self.code = code
        self.subject = subject
        self.message = message
        self.raised = raised
        self.at = at
    }

    private enum CodingKeys: String, CodingKey {
        case state, severity, code, subject, message
        case id = "_id"
        case raised = "raised_ms"
        case at = "at_ms"
    }

    /// Its code, with "cleared" when it has been cleared.
    package var title: String { state == .raised ? code : "\(code) cleared" }

    /// The text of the notification: what it concerns, and what happened or how long it lasted.
    package var text: String {
        let about = subject.isEmpty ? "" : "\(subject): "
        if state == .raised { return about + message }
        return "\(about)resolved after \(Age.text(max(.zero, at.since(raised)))). It was: \(message)"
    }

    /// Its event: an alert with the category that the retired agent used for its own notifications ("Defender
    /// for Cloud Apps alerts not onboarded": `ALERT_MANAGEMENT_DISCONNECTED_SIEM`,
    /// `ALERT_MANAGEMENT_NOTIFICATIONS_SIEM`).
    package var event: Event {
        var event = Event(externalID: id, kind: .alert, occurred: at, created: at)
        event.category =
            code == "SIEM agent error"
            ? "ALERT_MANAGEMENT_DISCONNECTED_SIEM" : "ALERT_MANAGEMENT_NOTIFICATIONS_SIEM"
        // The portal's form of such a title: "System alert: SIEM agent error".
        event.action = "System alert: \(title)"
        event.message = text
        event.appName = "spool"
        event.severity =
            switch (state, severity) {
            case (.cleared, _), (_, "information"): 3
            case (_, "warning"): 1
            default: 2
            }
        return event
    }

    private static func slug(_ text: String) -> String {
        String(text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }
}

extension StreamName {
    /// The spool's own stream: its notifications, for the sinks that subscribe to it.
    package static let notifications = StreamName(source: "spool", stream: "notifications")
}
