package import SpoolCore

/// One of the ways by which events leave the spool for a sink.
package enum Lane: Sendable, Hashable {
    /// Everything after a subscription's watermark.
    case live(SubscriptionID)
    /// One stream of a replay.
    case replay(ReplayID, StreamID)
}

/// A batch as it leaves the spool: what it holds, and what its settling moves.
package struct LaneBatch: Sendable {
    package let lane: Lane
    package let events: EventBatch
    /// Everything of the lane up to here is covered when the batch is settled.
    package let through: Seq

    package init(lane: Lane, events: EventBatch, through: Seq) {
        self.lane = lane
        self.events = events
        self.through = through
    }
}
