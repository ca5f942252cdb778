package import SpoolCore

/// A time range of a stream that was not read, or whose events a sink lost.
package struct GapStatus: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// It was due and was not read: source, host or disk were down. It is filled automatically.
        case unread
        /// No window that was read with the current filters covers it.
        case unproved
        /// Retention deleted its events before a sink that was no longer configured was added again.
        case lost
    }

    package var kind: Kind
    package var from: Timestamp
    /// Nil while the source does not answer.
    package var to: Timestamp?
    /// When it was noticed.
    package var noticed: Timestamp?
    /// When all of it had been read; nil before that.
    package var healed: Timestamp?
    /// The sink that lost events.
    package var sink: String?
    /// How many it lost.
    package var events: Int?

    package init(_ kind: Kind, from: Timestamp, to: Timestamp?) {
        self.kind = kind
        self.from = from
        self.to = to
    }

    private enum CodingKeys: String, CodingKey {
        case kind, sink, events
        case from = "from_ms"
        case to = "to_ms"
        case noticed = "noticed_ms"
        case healed = "healed_ms"
    }
}
