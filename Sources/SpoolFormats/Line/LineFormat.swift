/// Everything that decides how an event becomes a line.
package struct LineFormat: Sendable, Equatable {
    /// What the line says.
    package enum Payload: Sendable, Equatable {
        case cef(CEFProfile)
        /// The raw record.
        case json
    }

    package var payload: Payload
    package var envelope: Envelope
    package var framing: Framing
    /// The most bytes a line may have, framing left out; longer ones are shortened inside their values and
    /// marked (`RenderedBatch.cut`).
    package var maxMessageBytes: Int

    /// What every receiver takes as it is installed; longer lines are cut there in ways nobody controls.
    ///
    /// rsyslog's `maxMessageSize` is 8,096 bytes unless configured ("8k" in its manual; measured with 8.2302):
    /// over TCP it makes two messages of a longer line, over UDP it drops the end.
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

    /// True when batches must bring the raw record.
    package var needsRaw: Bool { payload == .json }
}

/// How lines are told apart on the way.
package enum Framing: Sendable, Equatable {
    /// A line feed after each (RFC 6587 §3.4.2).
    case lines
    /// The number of bytes and a blank before each (RFC 6587 §3.4.1).
    case octetCounting
    /// Nothing: each travels alone.
    case datagrams
}
