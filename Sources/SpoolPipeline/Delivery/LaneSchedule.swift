package import SpoolCore

/// Which lane sends next: live lanes take turns; while live has work, replays get at most one batch for
/// each live one.
package struct LaneSchedule: Sendable, Equatable {
    /// Where a lane's next read begins, and whether its last read found anything.
    private struct Place: Sendable, Equatable {
        var settled: Seq
        var read: Seq
        var isDry = false
        /// A replay has nothing more to read here.
        var isAtEnd = false
    }

    private var live: [SubscriptionID] = []
    private var replays: [Lane] = []
    private var places: [Lane: Place] = [:]
    private var nextLive = 0
    private var nextReplay = 0
    private var liveSinceReplay = 0

    package init() {}

    /// Sets the lanes; known ones keep their place.
    package mutating func set(live subscriptions: [Subscription], replays unfinished: [Replay]) {
        var before = places
        places = [:]
        live = subscriptions.map(\.id)
        for subscription in subscriptions {
            let lane = Lane.live(subscription.id)
            let watermark = subscription.watermark
            places[lane] = before.removeValue(forKey: lane) ?? Place(settled: watermark, read: watermark)
        }
        replays = []
        for replay in unfinished where replay.state == .running {
            for stream in replay.streams {
                let lane = Lane.replay(replay.id, stream.stream)
                replays.append(lane)
                places[lane] =
                    before.removeValue(forKey: lane) ?? Place(settled: stream.position, read: stream.position)
            }
        }
    }

    /// Lanes to try, in turn order, until one has a batch.
    package mutating func order() -> [Lane] {
        let wetLive = rotated(live.map(Lane.live), by: nextLive).filter { places[$0]?.isDry == false }
        let wetReplays = rotated(replays, by: nextReplay).filter { places[$0]?.isDry == false }
        return liveSinceReplay > 0 ? wetReplays + wetLive : wetLive + wetReplays
    }

    /// Where a lane's next read begins.
    package func position(of lane: Lane) -> Seq { places[lane]?.read ?? Seq(0) }

    /// A lane has nothing to read for now.
    package mutating func foundNothing(in lane: Lane) { places[lane]?.isDry = true }

    /// Something may have come: live lanes are looked at again.
    package mutating func refill() {
        for id in live { places[.live(id)]?.isDry = false }
    }

    /// A lane's batch has been read up to `through` and will be sent.
    package mutating func took(_ lane: Lane, through: Seq) {
        places[lane]?.read = through
        switch lane {
        case .live(let id):
            liveSinceReplay = 1
            if let index = live.firstIndex(of: id) { nextLive = index + 1 }
        case .replay:
            liveSinceReplay = 0
            if let index = replays.firstIndex(of: lane) { nextReplay = index + 1 }
        }
    }

    /// A lane's events up to `through` have their final outcomes.
    package mutating func settled(_ lane: Lane, through: Seq) {
        guard var place = places[lane] else { return }
        place.settled = max(place.settled, through)
        place.read = max(place.read, place.settled)
        places[lane] = place
    }

    /// The session is over: every lane reads again from what is settled.
    package mutating func rewind() {
        places = places.mapValues { Place(settled: $0.settled, read: $0.settled) }
    }

    /// A replay's read has come to its last event.
    package mutating func reachedEnd(of lane: Lane) {
        places[lane]?.isAtEnd = true
        places[lane]?.isDry = true
    }

    /// Replays that have read everything and have nothing under way.
    package func finishedReplays(_ inFlight: InFlight) -> [ReplayID] {
        var open: Set<ReplayID> = []
        var seen: Set<ReplayID> = []
        for lane in replays {
            guard case .replay(let id, _) = lane else { continue }
            seen.insert(id)
            if places[lane]?.isAtEnd != true || inFlight.contains(lane) { open.insert(id) }
        }
        return seen.subtracting(open).sorted()
    }

    /// A replay's read has looked at everything up to `through` and found nothing to send.
    package mutating func skipped(_ lane: Lane, through: Seq) { places[lane]?.read = through }

    private func rotated(_ lanes: [Lane], by turn: Int) -> [Lane] {
        guard !lanes.isEmpty else { return [] }
        let first = turn % lanes.count
        return Array(lanes[first...] + lanes[..<first])
    }
}
