import Foundation
import SpoolCore
import Testing

/// Notifications as sinks receive them from the spool.
enum NotificationSamples {
    static let raised = Timestamp(milliseconds: 1_795_000_000_000)

    static func record(_ state: NotificationRecord.State = .raised, message: String = "Disconnected for 13h.")
        -> NotificationRecord
    {
        NotificationRecord(
            state: state,
            severity: "critical",
            code: "SIEM agent error",
            subject: "siem",
            message: message,
            raised: raised,
            at: state == .raised ? raised : raised + .hours(1)
        )
    }

    static func batch(_ records: [NotificationRecord]) throws -> EventBatch {
        var batch = EventBatch(stream: StreamID(1))
        for (index, record) in records.enumerated() {
            let raw = try JSONEncoder().encode(record)
            batch.append(record.event, seq: Seq(Int64(index + 1)), raw: Array(raw))
        }
        return batch
    }
}
