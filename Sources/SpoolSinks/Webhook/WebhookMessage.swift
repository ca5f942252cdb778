import Foundation
import SpoolCore

/// The payload of a notification for a webhook; `text` is what chat services show.
struct WebhookMessage: Encodable {
    let text: String
    let id: String
    let state: NotificationRecord.State
    let severity: String
    let code: String
    let subject: String
    let message: String
    let raised: String
    let at: String
    /// This machine's name.
    let host: String

    init(_ record: NotificationRecord, host: String) {
        let mark = record.state == .raised ? record.severity.uppercased() : "OK"
        text = "[\(mark)] spool on \(host): \(record.title): \(record.text)"
        id = record.id
        state = record.state
        severity = record.severity
        code = record.code
        subject = record.subject
        message = record.message
        raised = record.raised.description
        at = record.at.description
        self.host = host
    }

    /// The body of the request.
    func body() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
