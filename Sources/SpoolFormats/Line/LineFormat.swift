/// All settings that determine how an event becomes a line.
package struct LineFormat: Sendable, Equatable {
    /// The content of the line.
    package enum Payload: Sendable, Equatable {
        case cef(CEFProfile)
        /// The raw record.
        case json
    }

    package var payload: Payload
    package var envelope: Envelope
    package var framing: Framing
    /// The maximum size of a line in bytes, without framing.
    ///
    /// The values of a longer line are shortened and the line is marked (`RenderedBatch.cut`).
    package var maxMessageBytes: Int

    /// The size that every receiver accepts by default; receivers cut longer lines in unpredictable ways.
    ///
    /// rsyslog's `maxMessageSize` is 8,096 bytes unless configured ("8k" in its manual; measured with
    /// 8.2302): over TCP it splits a longer line into two messages, over UDP it drops the end.
    package static let defaultMaxMessageBytes = 8_096

    package init(
        payload: Payload,
        envelope: Envelope,
        framing: Framing,
        maxMessageBytes: Int = defaultMaxMessageBytes
    ) {
        self.payload = payload
        self.envelope = envelope
        self.framing = framing
        self.maxMessageBytes = maxMessageBytes
    }

    /// True when batches must contain the raw record.
    package var needsRaw: Bool { payload == .json }
}

/// How lines are separated in transit.
package enum Framing: Sendable, Equatable {
    /// A line feed after each line (RFC 6587 §3.4.2).
    case lines
    /// The number of bytes and a space before each line (RFC 6587 §3.4.1).
    case octetCounting
    /// No framing: each line is a datagram.
    case datagrams
}

/// The part of a line before the payload.
///
/// The time is always the event's own, in UTC, even in a replay: receivers use it as the event's time.
package enum Envelope: Sendable, Equatable {
    /// The retired agent's form, which follows no RFC exactly: `[<PRI>]TIME [SYSTEM ]`; before JSON with the
    /// tag `spool: `.
    case agent(AgentHeader, system: String)
    /// RFC 3164: `<PRI>Mmm dd hh:mm:ss HOST `.
    ///
    /// Before CEF it has no tag, as in the CEF guide. Before JSON it has the tag `spool: `: receivers use the
    /// first word as the tag, and would remove it from the JSON.
    case rfc3164(system: String)
    /// RFC 5424: `<PRI>1 TIME HOST spool - - - `, the only one that relays forward byte for byte.
    case rfc5424(system: String)
    /// Nothing: for receivers of plain lines without syslog.
    case bare

    /// The priority of RFC 3164 and RFC 5424 envelopes: log audit, notice, the same as the retired agent's.
    static let priority = 13 * 8 + 5
}

/// The header options of the retired agent's wizard.
package struct AgentHeader: Sendable, Equatable {
    /// The wizard's three time formats.
    package enum Time: String, Sendable, CaseIterable {
        /// `Mar 02 21:10:02`.
        case rfc3164
        /// `Mar 02 2023 21:10:02`.
        case rfc3164Year = "rfc3164-year"
        /// `2023-03-02T21:10:02.022Z`.
        case rfc5424
    }

    package var time: Time
    /// The priority, if it is to be written.
    package var priority: Int?
    /// True when the system's name follows the time.
    package var systemName: Bool

    package init(time: Time = .rfc5424, priority: Int? = 13 * 8 + 5, systemName: Bool = true) {
        self.time = time
        self.priority = priority
        self.systemName = systemName
    }
}
