package import SpoolCore

/// The data of an event that `spool tail` shows.
package struct TailRow: Sendable, Equatable, Encodable {
    package let seq: Seq
    package let stream: StreamName
    package let id: String
    /// `activity` or `alert`.
    package let kind: String
    package let occurred: Timestamp
    package let created: Timestamp
    package let fetched: Timestamp
    /// As in the view `events`; nil where the record has none.
    package let severity: String?
    package let category: String
    package let action: String
    package let message: String
    package let userName: String
    package let appName: String
    package let ip: String
    package let country: String

    private enum CodingKeys: String, CodingKey {
        case seq, stream, id, kind, severity, category, action, message, ip, country
        case occurred = "occurred_ms"
        case created = "created_ms"
        case fetched = "fetched_ms"
        case userName = "user_name"
        case appName = "app_name"
    }
}

/// What a ledger row records about a range of events of one stream.
package struct TailSettlement: Sendable, Equatable, Encodable {
    /// The ledger row.
    package let row: Int64
    package let sink: SinkName
    package let stream: StreamName
    package let replay: ReplayID?
    package let first: Seq
    package let last: Seq
    package let outcome: String
    package let evidence: String?
    package let settled: Timestamp

    private enum CodingKeys: String, CodingKey {
        case row = "ledger_row"
        case sink, stream, replay, outcome, evidence
        case first = "first_seq"
        case last = "last_seq"
        case settled = "settled_ms"
    }
}
