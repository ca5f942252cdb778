package import SpoolCore

/// Which lane sends next, and where each is: live lanes take turns; while live has work, replays get at most
/// one batch for each live one.
///
/// Reads happen outside of it and take time. What they found is told with the `LaneReading` they began with,
/// and passed over when the lane was rewound, moved or removed meanwhile: a late answer never moves a lane past
/// events that are still to be sent.
package struct LaneSchedule: Sendable, Equatable {
    /// How far a lane is.
    private struct Place: Sendable, Equatable {
        let stream: StreamID
        /// Everything up to here has a final outcome.
        var settled: Seq
        /// Where the next read begins.
        var read: Seq
        /// The end of the last batch taken: what lies between `settled` and it is under way.
        var taken: Seq
        var isDry = false
        /// A replay has nothing more to read here.
        var isAtEnd = false

        init(_ stream: StreamID, at seq: Seq) {
            self.stream = stream
            (settled, read, taken) = (seq, seq, seq)
        }
    }

    private var live: [SubscriptionID] = []
    private var replays: [Lane] = []
    /// Replays that have no stream to read.
    private var hollow: [ReplayID] = []
    private var places: [Lane: Place] = [:]
    private var nextLive = 0
    private var nextReplay = 0
    private var owesReplay = false
    private var epoch = 0

    package init() {}

    /// Sets the lanes; known ones keep their place.
    ///
    /// One that comes back goes on behind what `underWay` names as the end of its batches under way.
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

    /// Lanes to try, in turn order, until one has a batch.
    package func order() -> [Lane] {
        let liveLanes = rotated(live.map(Lane.live), by: nextLive).filter { places[$0]?.isDry == false }
        let replayLanes = rotated(replays, by: nextReplay).filter { places[$0]?.isDry == false }
        return owesReplay ? replayLanes + liveLanes : liveLanes + replayLanes
    }

    /// Begins a read; nil when the lane is gone.
    package func reading(of lane: Lane) -> LaneReading? {
        places[lane].map { LaneReading(lane: lane, stream: $0.stream, after: $0.read, epoch: epoch) }
    }

    /// The read found a batch up to `through`, and it will be sent.
    ///
    /// - Returns: false when the read came too late: the batch must not be sent.
    package mutating func took(_ reading: LaneReading, through: Seq, isAtEnd: Bool = false) -> Bool {
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

    /// The read found nothing, and there is nothing for now.
    package mutating func foundNothing(_ reading: LaneReading) {
        _ = update(reading) { $0.isDry = true }
    }

    /// A replay's read has looked at everything up to `through` and found nothing to send.
    package mutating func skipped(_ reading: LaneReading, through: Seq, isAtEnd: Bool) {
        _ = update(reading) { place in
            place.read = max(place.read, through)
            place.isAtEnd = isAtEnd
            place.isDry = isAtEnd
        }
    }

    /// Something may have come: live lanes are looked at again.
    package mutating func refill() {
        for id in live { places[.live(id)]?.isDry = false }
    }

    /// True while a batch may be sent: it was not read before a rewind, and its lane is still there.
    package func isCurrent(_ batch: LaneBatch) -> Bool { batch.epoch == epoch && places[batch.lane] != nil }

    /// A lane's events up to `through` have their final outcomes.
    package mutating func settled(_ lane: Lane, through: Seq) {
        guard var place = places[lane] else { return }
        place.settled = max(place.settled, through)
        place.read = max(place.read, place.settled)
        places[lane] = place
    }

    /// What was under way is lost: every lane reads again from what is settled.
    package mutating func rewind() {
        epoch += 1
        places = places.mapValues { Place($0.stream, at: $0.settled) }
    }

    /// After a rewind, leaves out what waits elsewhere for its outcome.
    package mutating func skip(_ lane: Lane, through: Seq) {
        places[lane]?.read = through
        places[lane]?.taken = through
    }

    /// Takes out the replays that have read everything and have nothing under way.
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
