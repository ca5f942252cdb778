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
