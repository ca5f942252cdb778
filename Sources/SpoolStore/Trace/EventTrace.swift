package import SpoolCore

/// The complete history of one event in the spool.
package struct EventTrace: Sendable, Encodable, Equatable {
    package let seq: Seq
    package let stream: StreamName
    /// The source's id.
    package let id: String
    /// `activity` or `alert`.
    package let kind: String
    /// False when the record could not be parsed; it is sent nevertheless.
    package let isReadable: Bool
    package let occurred: Timestamp
    package let created: Timestamp
    package let fetched: Timestamp
    /// As in the view `events`; nil where the record has none.
    package let severity: String?
    package let category: String
    package let action: String
    package let message: String
    package let userName: String
    /// Bytes of the raw record.
    package let rawBytes: Int
    /// Nil when retention has deleted the window, as it does once the whole window is before `pruned_to_ms`;
    /// the spool's own notifications never have one.
    package let window: TracedWindow?
    /// Every sink that subscribes to the stream, or that has a ledger row or a dead letter of this event.
    package let sinks: [TracedSink]

    private enum CodingKeys: String, CodingKey {
        case seq, stream, id, kind, severity, category, action, message, window, sinks
        case isReadable = "readable"
        case occurred = "occurred_ms"
        case created = "created_ms"
        case fetched = "fetched_ms"
        case userName = "user_name"
        case rawBytes = "raw_bytes"
    }
}

/// The fetch window in which an event was fetched.
package struct TracedWindow: Sendable, Encodable, Equatable {
    package let id: WindowID
    /// `poll`, `sweep` or `refetch`.
    package let reason: String
    package let from: Timestamp
    package let to: Timestamp
    package let state: String
    package let pages: Int
    package let seen: Int
    package let inserted: Int
    package let started: Timestamp
    package let finished: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case id, reason, state, pages, seen, inserted
        case from = "from_ms"
        case to = "to_ms"
        case started = "started_ms"
        case finished = "finished_ms"
    }
}

/// The delivery of an event to one sink.
package struct TracedSink: Sendable, Encodable, Equatable {
    /// The state of an event in the live lane.
    package enum Live: String, Sendable, Encodable {
        /// Settled; a ledger row has the outcome.
        case settled
        /// Above the watermark.
        case waiting
        /// It was spooled before the sink's subscription began.
        case beforeStart = "before_start"
        /// The sink needs `start`, or no longer subscribes to the stream.
        case notTaken = "not_taken"
    }

    package let sink: SinkName
    package let live: Live
    /// Events of the stream between the watermark and this one, which are sent first.
    package let ahead: Int
    /// The sink's state; with `lastError` it explains a pending event.
    package let state: String
    package let lastError: String?
    package let deliveries: [TracedDelivery]
    package let deadLetter: TracedDeadLetter?
    /// Unfinished replays that have not sent it yet.
    package let replaysToCome: [ReplayID]

    private enum CodingKeys: String, CodingKey {
        case sink, live, ahead, state, deliveries
        case lastError = "last_error"
        case deadLetter = "dead_letter"
        case replaysToCome = "replays_to_come"
    }
}

/// One ledger row that covers the event.
package struct TracedDelivery: Sendable, Encodable, Equatable {
    package let row: Int64
    /// Nil for live delivery.
    package let replay: ReplayID?
    package let first: Seq
    package let last: Seq
    package let events: Int
    package let outcome: String
    package let evidence: String?
    /// The receiver's kernel may have held it unread when its connection ended uncleanly.
    package let isDoubtful: Bool
    /// The receiver's kernel has it, and only the end of its connection can still prove that it was read.
    package let isPending: Bool
    package let bytes: Int
    /// The message did not contain the whole event: it was shortened to meet a limit.
    package let isShortened: Bool
    package let attempts: Int
    package let sent: Timestamp
    package let settled: Timestamp
    package let connection: ConnectionID?
    package let address: String?
    package let transport: String?
    package let connectionOpened: Timestamp?
    package let connectionClosed: Timestamp?
    /// `clean` or `unclean`; nil while it is open.
    package let connectionEnd: String?

    private enum CodingKeys: String, CodingKey {
        case row = "ledger_row"
        case replay, outcome, evidence, events, bytes, attempts, connection, address, transport
        case first = "first_seq"
        case last = "last_seq"
        case isDoubtful = "doubtful"
        case isShortened = "shortened"
        case isPending = "pending"
        case sent = "sent_ms"
        case settled = "settled_ms"
        case connectionOpened = "connection_opened_ms"
        case connectionClosed = "connection_closed_ms"
        case connectionEnd = "connection_end"
    }
}

/// The dead letter of the event at a sink that rejected it.
package struct TracedDeadLetter: Sendable, Encodable, Equatable {
    package let reason: String
    package let detail: String
    package let attempts: Int
    package let at: Timestamp
    package let dismissed: Timestamp?

    private enum CodingKeys: String, CodingKey {
        case reason, detail, attempts
        case at = "at_ms"
        case dismissed = "dismissed_ms"
    }
}
