package import SpoolCore

/// A time of a stream that was not read, or was lost to a sink.
package struct GapStatus: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// Its turn came and it was not read: source, host or disk were down. It heals by itself.
        case unread
        /// No window with today's filters covers it.
        case unproved
        /// Retention took its events before a sink that had left the configuration returned.
        case lost
    }

    package var kind: Kind
    package var from: Timestamp
    /// Nil while the source does not answer.
    package var to: Timestamp?
    /// When it was noticed.
    package var noticed: Timestamp?
    /// Since when all of it has been read; nil before.
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
