import SpoolCore

extension MemoryStore: DeliveryStore {
    func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription] {
        try call(.subscriptions) { tables in
            let own = tables.subscriptions.values.filter { $0.sink == sink }.map(\.subscription)
            return .success(own.sorted { $0.id < $1.id })
        }
    }

    func batch(of stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool) async throws(StoreError)
        -> EventBatch?
    {
        try call(.batch) { tables in
            let found = tables.events.lazy.filter { $0.stream == stream && $0.seq > after }.prefix(
                limit.events
            )
            guard !found.isEmpty else { return .success(nil) }
            var batch = EventBatch(stream: stream)
            for event in found { batch.append(event.event, seq: event.seq) }
            return .success(batch)
        }
    }

    func settle(_ commit: DeliveryCommit) async throws(StoreError) {
        try call(.settle) { tables -> Result<Void, StoreError> in
            for (id, watermark) in commit.watermarks {
                guard let (sink, old) = tables.subscriptions[id], sink == commit.sink else {
                    return .failure(StoreError(.invalid, "no such subscription"))
                }
                guard watermark > old.watermark else { continue }
                let passed = tables.events.count {
                    $0.stream == old.stream && $0.seq > old.watermark && $0.seq <= watermark
                }
                let told = commit.entries.filter { $0.replay == nil && $0.stream == old.stream }
                    .filter { $0.first > old.watermark && $0.last <= watermark }
                    .reduce(0) { $0 + $1.events }
                guard passed == told else {
                    return .failure(StoreError(.invalid, "\(passed) events passed, \(told) in the ledger"))
                }
                tables.subscriptions[id] = (
                    sink,
                    Subscription(id: id, stream: old.stream, name: old.name, watermark: watermark)
                )
            }
            for entry in commit.entries { Self.apply(entry, commit.sink, &tables) }
            for position in commit.replayPositions { Self.apply(position, &tables) }
            return .success(())
        }
    }

    func opened(_ sink: SinkID, address: String, transport: String, doubtBytes: Int64, at: Timestamp)
        async throws(StoreError) -> ConnectionID
    {
        try call(.opened) { tables in
            tables.connections.append((sink, nil))
            return .success(ConnectionID(Int64(tables.connections.count)))
        }
    }

    func closed(_ connection: ConnectionID, of sink: SinkID, clean: Bool, at: Timestamp)
        async throws(StoreError)
    {
        try call(.closed) { tables in
            tables.connections[Int(connection.value) - 1].clean = clean
            return .success(())
        }
    }

    func report(_ state: SinkReport, of sink: SinkID) async throws(StoreError) {
        try call(.report) { tables in
            tables.reports.append(state)
            return .success(())
        }
    }

    private static func apply(_ entry: LedgerEntry, _ sink: SinkID, _ tables: inout Tables) {
        tables.ledger.append((sink, entry))
        let seqs = tables.events.lazy.filter { $0.stream == entry.stream }.map(\.seq)
            .filter { $0 >= entry.first && $0 <= entry.last }
        switch entry.outcome {
        case .refused: tables.deadLetters[sink, default: []].formUnion(seqs)
        case .delivered, .already: tables.deadLetters[sink, default: []].subtract(seqs)
        case .filtered, .retry: break
        }
    }

    private static func apply(_ position: ReplayPosition, _ tables: inout Tables) {
        guard let index = tables.replays.firstIndex(where: { $0.id == position.replay }) else { return }
        tables.replays[index].sent += position.sent
        tables.replays[index].streams = tables.replays[index].streams.map { stream in
            guard stream.stream == position.stream else { return stream }
            return Replay.Stream(
                stream: stream.stream,
                name: stream.name,
                last: stream.last,
                position: max(stream.position, position.position)
            )
        }
    }
}
