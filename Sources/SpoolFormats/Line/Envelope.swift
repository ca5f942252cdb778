/// What stands before the payload.
///
/// The time is always the event's own, in UTC, in a replay too: receivers take it for the event's time.
package enum Envelope: Sendable, Equatable {
    /// The old agent's: `[<PRI>]TIME [SYSTEM ]`, not quite any RFC; before JSON with the tag `spool: `.
    case agent(AgentHeader, system: String)
    /// RFC 3164: `<PRI>Mmm dd hh:mm:ss HOST `, before CEF without a tag, as the CEF guide has it, and before JSON with
    /// the tag `spool: `: receivers take the first word for the tag, and would take it out of the JSON.
    case rfc3164(system: String)
    /// RFC 5424: `<PRI>1 TIME HOST spool - - - `, the only one that relays pass on byte for byte.
    case rfc5424(system: String)
    /// Nothing: for receivers that take no syslog, only lines.
    case bare

    /// The priority of RFC 3164 and RFC 5424 envelopes: log audit, notice, as the old agent's.
    static let priority = 13 * 8 + 5
}

/// The header options of the old agent's wizard.
package struct AgentHeader: Sendable, Equatable {
    /// The wizard's three times.
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
    /// The system's name follows the time.
    package var systemName: Bool

    package init(time: Time = .rfc5424, priority: Int? = 13 * 8 + 5, systemName: Bool = true) {
        self.time = time
        self.priority = priority
        self.systemName = systemName
    }
}
