package import SpoolCore

/// One of the ways by which events leave the spool for a sink.
package enum Lane: Sendable, Hashable {
    /// Everything after a subscription's watermark.
    case live(SubscriptionID)
    /// One stream of a replay.
    case replay(ReplayID, StreamID)
}

/// A read about to be made in a lane: whatever it finds counts only while the lane still stands there.
package struct LaneReading: Sendable, Equatable {
    package let lane: Lane
    package let stream: StreamID
    package let after: Seq
    /// Grows when the lanes are rewound.
    let epoch: Int
}

/// A batch as it leaves the spool: what it holds, and what its settling moves.
package struct LaneBatch: Sendable {
    package let lane: Lane
    package let events: EventBatch
    /// Everything of the lane up to here is covered when the batch is settled.
    package let through: Seq
    /// The epoch it was read in; after a rewind it is stale and must not be sent.
    let epoch: Int

    package init(lane: Lane, events: EventBatch, through: Seq, epoch: Int = 0) {
        self.lane = lane
        self.events = events
        self.through = through
        self.epoch = epoch
    }
}
