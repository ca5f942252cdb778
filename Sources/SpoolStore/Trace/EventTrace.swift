package import SpoolCore

/// One event's whole story, as the spool knows it.
package struct EventTrace: Sendable, Encodable, Equatable {
    package let seq: Seq
    package let stream: StreamName
    /// The source's id.
    package let id: String
    /// `activity` or `alert`.
    package let kind: String
    /// False when the record could not be understood; it is sent all the same.
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
    /// Nil when retention has taken the window, as it does once all of it lies below `pruned_to_ms`; the spool's own
    /// notifications never had one.
    package let window: TracedWindow?
    /// Every sink that takes the stream, or that has a ledger row or a dead letter of this event.
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

/// The fetch window that brought an event.
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

/// What one sink has to do with an event.
package struct TracedSink: Sendable, Encodable, Equatable {
    /// Where an event stands that has no ledger row of the live lane.
    package enum Live: String, Sendable, Encodable {
        /// A ledger row tells.
        case settled
        /// Above the watermark.
        case waiting
        /// It lay in the spool before the sink began to take the stream.
        case beforeStart = "before_start"
        /// The sink needs `start`, or takes the stream no more.
        case notTaken = "not_taken"
    }

    package let sink: SinkName
    package let live: Live
    /// Events of the stream between the watermark and this one, which go first.
    package let ahead: Int
    /// The sink's state and its last failure, for one that waits.
    package let state: String
    package let lastError: String?
    package let deliveries: [TracedDelivery]
    package let deadLetter: TracedDeadLetter?
    /// Unfinished replays that have yet to send it.
    package let replaysToCome: [ReplayID]

    private enum CodingKeys: String, CodingKey {
        case sink, live, ahead, state, deliveries
        case lastError = "last_error"
        case deadLetter = "dead_letter"
        case replaysToCome = "replays_to_come"
    }
}

/// One ledger row that speaks for the event.
package struct TracedDelivery: Sendable, Encodable, Equatable {
    package let row: Int64
    /// Nil: live.
    package let replay: ReplayID?
    package let first: Seq
    package let last: Seq
    package let events: Int
    package let outcome: String
    package let evidence: String?
    /// The receiver's kernel may have held it unread when its connection ended uncleanly.
    package let isDoubtful: Bool
    /// The receiver's kernel has it, and the end of its connection has yet to prove that it was read.
    package let isPending: Bool
    package let bytes: Int
    /// The message did not have all of the event: it was shortened to keep a limit.
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

/// What became of the event at a sink that would not take it.
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
