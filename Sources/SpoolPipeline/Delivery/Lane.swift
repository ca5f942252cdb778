package import SpoolCore

/// A sequence of events that is delivered to a sink: live, or by a replay.
package enum Lane: Sendable, Hashable {
    /// Everything after a subscription's watermark.
    case live(SubscriptionID)
    /// One stream of a replay.
    case replay(ReplayID, StreamID)
}

/// A read that is about to be made in a lane; its result only counts if the lane's position is unchanged.
package struct LaneReading: Sendable, Equatable {
    package let lane: Lane
    package let stream: StreamID
    package let after: Seq
    /// Grows when the lanes are rewound.
    let epoch: Int
}

/// A batch read from a lane, with the position to which its settlement moves the lane.
package struct LaneBatch: Sendable {
    package let lane: Lane
    package let events: EventBatch
    /// When the batch is settled, everything of the lane up to here is settled.
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
