package import SpoolCore

/// The maximum number of events in the next batch.
///
/// It is halved when a whole batch is refused, until the rejected event is alone in its batch, and doubled
/// again with each batch that is settled.
package struct BatchSize: Sendable, Equatable {
    private let full: BatchLimit
    private var events: Int

    package init(_ limit: BatchLimit) {
        full = limit
        events = limit.events
    }

    package var limit: BatchLimit { BatchLimit(events: events, bytes: full.bytes) }

    /// A batch of `count` events was refused as a whole.
    package mutating func shrink(count: Int) { events = max(1, count / 2) }

    /// A batch was settled.
    package mutating func grow() { events = min(full.events, events * 2) }
}
