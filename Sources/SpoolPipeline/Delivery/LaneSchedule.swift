package import SpoolCore

/// Decides which lane sends next, and keeps the position of each lane.
///
/// Live lanes take turns. While live lanes have work, replays get at most one batch for each live batch.
///
/// Reads are made by the caller and take time. Their results are reported with the `LaneReading` they started
/// with, and are ignored when the lane was rewound, moved or removed meanwhile. So a late result never moves
/// a lane past events that are still to be sent.
package struct LaneSchedule: Sendable, Equatable {
    /// The position of a lane.
    private struct Place: Sendable, Equatable {
        let stream: StreamID
        /// Everything up to here has a final outcome.
        var settled: Seq
        /// Where the next read starts.
        var read: Seq
        /// The end of the last batch taken: everything between `settled` and `taken` is in flight.
        var taken: Seq
        var isDry = false
        /// True when a replay has nothing more to read here.
        var isAtEnd = false

        init(_ stream: StreamID, at seq: Seq) {
            self.stream = stream
            (settled, read, taken) = (seq, seq, seq)
        }
    }

    private var live: [SubscriptionID] = []
    private var replays: [Lane] = []
    /// Replays without a stream to read.
    private var hollow: [ReplayID] = []
    private var places: [Lane: Place] = [:]
    private var nextLive = 0
    private var nextReplay = 0
    private var owesReplay = false
    private var epoch = 0

    package init() {}

    /// Sets the lanes; known lanes keep their positions.
    ///
    /// A replay's lane that is added again continues after its batches in flight, whose end `underWay`
    /// returns.
    package mutating func set(
        live subscriptions: [Subscription],
        replays all: [Replay],
        underWay: (Lane) -> Seq? = { _ in nil }
    ) {
        let before = places
        places = [:]
        live = subscriptions.map(\.id)
        for subscription in subscriptions {
            let lane = Lane.live(subscription.id)
            places[lane] = before[lane] ?? Place(subscription.stream, at: subscription.watermark)
        }
        replays = []
        let running = all.filter { $0.state == .running && !$0.isRefetching }
        hollow = running.filter(\.streams.isEmpty).map(\.id)
        for replay in running {
            for stream in replay.streams {
                let lane = Lane.replay(replay.id, stream.stream)
                replays.append(lane)
                places[lane] = before[lane] ?? place(stream, underWay: underWay(lane))
            }
        }
    }

    /// The lanes to try, in the order of their turns, until one has a batch.
    package func order() -> [Lane] {
        let liveLanes = rotated(live.map(Lane.live), by: nextLive).filter { places[$0]?.isDry == false }
        let replayLanes = rotated(replays, by: nextReplay).filter { places[$0]?.isDry == false }
        return owesReplay ? replayLanes + liveLanes : liveLanes + replayLanes
    }

    /// Starts a read; nil when the lane is gone.
    package func reading(of lane: Lane) -> LaneReading? {
        places[lane].map { LaneReading(lane: lane, stream: $0.stream, after: $0.read, epoch: epoch) }
    }

    /// The read found a batch up to `through`, and it will be sent.
    ///
    /// - Returns: false when the read is stale: the batch must not be sent.
    package mutating func noteTaken(_ reading: LaneReading, through: Seq, isAtEnd: Bool = false) -> Bool {
        let isTaken = update(reading) { place in
            place.read = through
            place.taken = through
            place.isAtEnd = isAtEnd
            place.isDry = isAtEnd
        }
        guard isTaken else { return false }
        switch reading.lane {
        case .live(let id):
            owesReplay = true
            if let index = live.firstIndex(of: id) { nextLive = index + 1 }
        case .replay:
            owesReplay = false
            if let index = replays.firstIndex(of: reading.lane) { nextReplay = index + 1 }
        }
        return true
    }

    /// The read found nothing: the lane is empty for now.
    package mutating func noteEmpty(_ reading: LaneReading) {
        _ = update(reading) { $0.isDry = true }
    }

    /// A replay's read has scanned everything up to `through` and found nothing to send.
    package mutating func noteSkipped(_ reading: LaneReading, through: Seq, isAtEnd: Bool) {
        _ = update(reading) { place in
            place.read = max(place.read, through)
            place.isAtEnd = isAtEnd
            place.isDry = isAtEnd
        }
    }

    /// New events may have been spooled: live lanes are read again.
    package mutating func refill() {
        for id in live { places[.live(id)]?.isDry = false }
    }

    /// True while a batch may be sent: there was no rewind since it was read, and its lane still exists.
    package func isCurrent(_ batch: LaneBatch) -> Bool { batch.epoch == epoch && places[batch.lane] != nil }

    /// A lane's events up to `through` have their final outcomes.
    package mutating func noteSettled(_ lane: Lane, through: Seq) {
        guard var place = places[lane] else { return }
        place.settled = max(place.settled, through)
        place.read = max(place.read, place.settled)
        places[lane] = place
    }

    /// The batches in flight are lost: every lane reads again from its settled position.
    package mutating func rewind() {
        epoch += 1
        places = places.mapValues { Place($0.stream, at: $0.settled) }
    }

    /// After a rewind, skips events whose outcome is still pending in the hold (`RefusalHold.waiting`).
    package mutating func skip(_ lane: Lane, through: Seq) {
        places[lane]?.read = through
        places[lane]?.taken = through
    }

    /// Removes and returns the replays that have read everything and have nothing in flight.
    package mutating func takeFinished() -> [ReplayID] {
        var ended = Set(hollow)
        var open: Set<ReplayID> = []
        for lane in replays {
            guard case .replay(let id, _) = lane, let place = places[lane] else { continue }
            if place.isAtEnd, place.settled >= place.taken { ended.insert(id) } else { open.insert(id) }
        }
        ended.subtract(open)
        hollow = []
        replays.removeAll { lane in
            guard case .replay(let id, _) = lane, ended.contains(id) else { return false }
            places[lane] = nil
            return true
        }
        return ended.sorted()
    }

    private func place(_ stream: Replay.Stream, underWay: Seq?) -> Place {
        var place = Place(stream.stream, at: stream.position)
        if let underWay, underWay > stream.position { (place.read, place.taken) = (underWay, underWay) }
        return place
    }

    private mutating func update(_ reading: LaneReading, _ change: (inout Place) -> Void) -> Bool {
        guard var place = places[reading.lane], reading.epoch == epoch, reading.after == place.read else {
            return false
        }
        change(&place)
        places[reading.lane] = place
        return true
    }

    private func rotated(_ lanes: [Lane], by turn: Int) -> [Lane] {
        guard !lanes.isEmpty else { return [] }
        let first = turn % lanes.count
        return Array(lanes[first...] + lanes[..<first])
    }
}

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

/// When a replay may send its next batch, and how large that may be.
///
/// A replay with a configured rate is limited to it. All other replays of a sink with live delivery are
/// together limited to half the sink's measured rate (`SinkRate`). Before a rate was measured, and at a sink
/// without live delivery, they are not limited. A batch contains at most the events of one second, and after
/// it the replay waits for the time that the batch takes at its rate. So in any period a replay sends at most
/// one batch more than its rate allows.
package struct ReplayPace: Sendable, Equatable {
    /// The fraction of a sink's rate that replays get beside live delivery.
    package static let share = 0.5

    /// What a replay may do now.
    package enum Turn: Sendable, Equatable {
        /// It may send at most this many events; nil: a full batch.
        case send(most: Int?)
        /// It may not send before this monotonic time.
        case wait(until: Duration)
    }

    private var rates: [ReplayID: Int] = [:]
    /// When the next batch is due, for each replay with a configured rate, and for all others (nil) together.
    private var due: [ReplayID?: Duration] = [:]

    package init() {}

    /// Sets the replays; only running ones count.
    package mutating func set(_ replays: [Replay]) {
        let running = replays.filter { $0.state == .running }
        rates = Dictionary(running.compactMap { replay in replay.request.rate.map { (replay.id, $0) } }) {
            $1
        }
        due = due.filter { entry in entry.key.map { rates[$0] != nil } ?? true }
    }

    /// The rate of this replay in events per second; nil: it is not limited.
    package func rate(of replay: ReplayID, sinkRate: Double?) -> Double? {
        rates[replay].map(Double.init) ?? sinkRate.map { $0 * Self.share }
    }

    package func turn(of replay: ReplayID, sinkRate: Double?, now: Duration) -> Turn {
        guard let rate = rate(of: replay, sinkRate: sinkRate) else { return .send(most: nil) }
        if let due = due[key(replay)], due > now { return .wait(until: due) }
        return .send(most: max(1, Int(rate)))
    }

    /// A batch of a replay is sent.
    package mutating func noteTaken(_ replay: ReplayID, events: Int, sinkRate: Double?, now: Duration) {
        guard let rate = rate(of: replay, sinkRate: sinkRate) else { return }
        let before = due[key(replay)] ?? now
        due[key(replay)] = max(before, now) + .seconds(Double(events) / rate)
    }

    private func key(_ replay: ReplayID) -> ReplayID? { rates[replay] == nil ? nil : replay }
}
