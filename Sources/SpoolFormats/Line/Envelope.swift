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
