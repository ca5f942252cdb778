package import SpoolCore

extension MemoryStore: ReplayStore {
    /// How many events a slice scans.
    static let slice = 10

    package func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate {
        try call(.subscriptions) { tables in
            tables.target(request).map { target in
                let plans = target.parts.map { tables.plan(request, target.sink, $0) }
                return plans.map(\.estimate).reduce(into: ReplayEstimate()) { $0.add($1) }
            }
        }
    }

    package func create(_ request: ReplayRequest, at: Timestamp) async throws(StoreError) -> Replay {
        try call(.move) { tables in
            tables.target(request).map { target in
                let replay = tables.make(request, target, at: at)
                tables.replays.append(replay)
                return replay
            }
        }
    }

    package func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await replays(of: sink).filter { $0.state == .running || $0.state == .paused }
    }

    /// Replays of one sink or of all, newest first.
    package func replays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try call(.subscriptions) { tables in
            let own = tables.replays.filter { sink == nil || $0.sinkID == sink }
            return .success(
                own.sorted { $0.id > $1.id }.map { replay in
                    var replay = replay
                    replay.sinkRate = tables.rates[replay.sinkID] ?? replay.sinkRate
                    return replay
                }
            )
        }
    }

    package func batch(of replay: ReplayID, stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> ReplayBatch
    {
        try call(.batch) { tables in
            guard let job = tables.replays.first(where: { $0.id == replay }),
                job.state == .running || job.state == .paused,
                let part = job.streams.first(where: { $0.stream == stream }), after < part.last
            else {
                return .success(
                    ReplayBatch(events: EventBatch(stream: stream), scannedThrough: after, isLast: true)
                )
            }
            var batch = EventBatch(stream: stream)
            var (through, looked, hasLeftOut) = (after, 0, false)
            let rest = tables.events.filter {
                $0.stream == stream && $0.seq > after && $0.seq <= part.last
            }
            for spooled in rest {
                guard looked < Self.slice, batch.isEmpty || !limit.isReached(by: batch) else { break }
                looked += 1
                through = spooled.seq
                guard tables.isMeant(spooled, by: job.request, job.sinkID) else {
                    hasLeftOut = true
                    continue
                }
                batch.append(
                    spooled.event,
                    seq: spooled.seq,
                    raw: raw ? spooled.raw : [],
                    followsGap: hasLeftOut && !batch.isEmpty
                )
                hasLeftOut = false
            }
            let isLast = looked == rest.count
            return .success(
                ReplayBatch(events: batch, scannedThrough: isLast ? part.last : through, isLast: isLast)
            )
        }
    }

    package func move(_ replay: ReplayID, to state: Replay.State, at: Timestamp) async throws(StoreError) {
        try call(.move) { tables -> Result<Void, StoreError> in
            tables.move(replay, to: state, at: at)
            return .success(())
        }
    }
}

extension MemoryStore.Tables {
    mutating func move(_ replay: ReplayID, to state: Replay.State, at: Timestamp) {
        guard let index = replays.firstIndex(where: { $0.id == replay }) else { return }
        let before = replays[index].state
        guard before == .running || before == .paused, state != before else { return }
        replays[index].state = state
        replays[index].finished = state == .running || state == .paused ? nil : at
    }

    /// A new replay; its streams are not fixed while it reads its window from the source.
    fileprivate func make(_ request: ReplayRequest, _ target: ReplayTarget, at: Timestamp) -> Replay {
        let id = ReplayID((replays.map(\.id.value).max() ?? 0) + 1)
        let plans = target.parts.map { plan(request, target.sink, $0) }
        // Ad-hoc destinations have ids of their own, above those of the sinks.
        var replay = Replay(
            id: id,
            sinkID: target.sink ?? SinkID(1_000 + id.value),
            sink: target.sink == nil ? SinkName("destination@replay-\(id)") : request.sink,
            request: request,
            state: .running,
            streams: plans.map(\.stream),
            total: plans.reduce(0) { $0 + $1.estimate.toSend },
            sent: 0,
            created: at
        )
        replay.skipped = plans.reduce(0) { $0 + $1.estimate.inWindow - $1.estimate.toSend }
        guard request.refetch else { return replay }
        replay.streams = target.parts.map {
            Replay.Stream(stream: $0.stream, name: $0.name, last: Seq(.max), position: Seq(0))
        }
        // Every stream of this store is one of activities.
        let end = request.basis == .occurred ? request.to + Refetch.savedAfter : request.to
        replay.refetch = Refetch(
            parts: target.parts.map {
                Refetch.Part(stream: $0.stream, name: $0.name, from: request.from, to: end)
            }
        )
        return replay
    }
}
