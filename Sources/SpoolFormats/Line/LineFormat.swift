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
