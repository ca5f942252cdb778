/// The name of a sink: its identity in the configuration and in the spool.
package struct SinkName: Hashable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }
}

/// The name of a stream, `source/stream`: its identity in the configuration and in the spool.
package struct StreamName: Hashable, Sendable, Codable, CustomStringConvertible {
    package let source: String
    package let stream: String

    package init(source: String, stream: String) {
        self.source = source
        self.stream = stream
    }

    /// Reads `source/stream`; nil for any other form.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(source: String(parts[0]), stream: String(parts[1]))
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = StreamName(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a source/stream")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package var description: String { "\(source)/\(stream)" }
}

/// The id of a row, typed by its table, so that a `StreamID` cannot be used as a `SinkID`.
package struct RowID<Table>: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let value: Int64

    @inlinable
    package init(_ value: Int64) { self.value = value }

    package init(from decoder: any Decoder) throws {
        value = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    @inlinable
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }

    package var description: String { String(value) }
}

/// Tables whose rows have a typed id.
package enum Tables {
    package enum Event {}
    package enum Stream {}
    package enum Sink {}
    package enum Subscription {}
    package enum Window {}
    package enum Connection {}
    package enum Replay {}
}

/// The position of an event in the order in which the spool stored it (`event.seq`); never reused.
package typealias Seq = RowID<Tables.Event>
/// The row of a stream (`stream.id`).
package typealias StreamID = RowID<Tables.Stream>
/// The row of a sink (`sink.id`).
package typealias SinkID = RowID<Tables.Sink>
/// The row of a subscription of a sink to a stream (`subscription.id`).
package typealias SubscriptionID = RowID<Tables.Subscription>
/// The row of a fetch window (`fetch_window.id`).
package typealias WindowID = RowID<Tables.Window>
/// The row of a connection (`connection.id`).
package typealias ConnectionID = RowID<Tables.Connection>
/// The row of a replay (`replay.id`).
package typealias ReplayID = RowID<Tables.Replay>
