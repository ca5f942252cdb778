import SpoolCore

extension MemoryStore: ReplayStore {
    /// How many events a slice scans.
    static let slice = 10

    func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate { ReplayEstimate() }

    func create(_ request: ReplayRequest, at: Timestamp) async throws(StoreError) -> Replay {
        try call(.move) { tables in
            let streams = tables.subscriptions.values.map(\.subscription).sorted { $0.id < $1.id }
            let replay = Replay(
                id: ReplayID(Int64(tables.replays.count + 1)),
                sinkID: SinkID(1),
                sink: request.sink,
                request: request,
                state: .running,
                streams: streams.map {
                    Replay.Stream(stream: $0.stream, name: $0.name, last: $0.watermark, position: Seq(0))
                },
                total: 0,
                sent: 0,
                created: at,
                finished: nil
            )
            tables.replays.append(replay)
            return .success(replay)
        }
    }

    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await replays(of: sink).filter { $0.state == .running || $0.state == .paused }
    }

    func replays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try call(.subscriptions) { .success($0.replays.reversed()) }
    }

    func batch(of replay: ReplayID, stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> ReplayBatch
    {
        try call(.batch) { tables in
            guard let job = tables.replays.first(where: { $0.id == replay }),
                let part = job.streams.first(where: { $0.stream == stream })
            else { return .failure(StoreError(.invalid, "no such replay")) }
            var batch = EventBatch(stream: stream)
            var through = after
            var looked = 0
            var followsGap = true
            let rest = tables.events.filter { $0.stream == stream && $0.seq > after && $0.seq <= part.last }
            for spooled in rest {
                guard looked < Self.slice, batch.count < limit.events else { break }
                looked += 1
                through = spooled.seq
                let isInside = (job.request.from..<job.request.to).contains(spooled.event.occurred)
                if isInside { batch.append(spooled.event, seq: spooled.seq, followsGap: followsGap) }
                followsGap = !isInside
            }
            let isLast = looked == rest.count
            return .success(
                ReplayBatch(events: batch, scannedThrough: isLast ? part.last : through, isLast: isLast)
            )
        }
    }

    func move(_ replay: ReplayID, to state: Replay.State, at: Timestamp) async throws(StoreError) {
        try call(.move) { tables -> Result<Void, StoreError> in
            guard let index = tables.replays.firstIndex(where: { $0.id == replay }) else {
                return .failure(StoreError(.invalid, "no such replay"))
            }
            let before = tables.replays[index].state
            if before == .running || before == .paused { tables.replays[index].state = state }
            return .success(())
        }
    }
}
