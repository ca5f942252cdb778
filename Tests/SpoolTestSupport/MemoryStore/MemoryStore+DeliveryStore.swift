package import SpoolCore

extension MemoryStore: DeliveryStore {
    package func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription] {
        try call(.subscriptions) { tables in
            let own = tables.subscriptions.values.filter { $0.sink == sink }.map(\.subscription)
            return .success(own.sorted { $0.id < $1.id })
        }
    }

    package func batch(of stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> EventBatch?
    {
        try call(.batch) { tables in
            var batch = EventBatch(stream: stream)
            for spooled in tables.events where spooled.stream == stream && spooled.seq > after {
                batch.append(spooled.event, seq: spooled.seq, raw: raw ? spooled.raw : [])
                if limit.isReached(by: batch) { break }
            }
            return .success(batch.isEmpty ? nil : batch)
        }
    }

    package func settle(_ commit: DeliveryCommit) async throws(StoreError) {
        try call(.settle) { tables -> Result<Void, StoreError> in
            guard !commit.isEmpty, !tables.removed.contains(commit.sink) else { return .success(()) }
            let entries = commit.entries.filter { entry in
                entry.replay != nil
                    || tables.subscriptions.values.contains {
                        $0.sink == commit.sink && $0.subscription.stream == entry.stream
                    }
            }
            if entries.contains(where: { $0.outcome == .retry }) {
                return .failure(StoreError(.invalid, "no final outcome"))
            }
            for (id, watermark) in commit.watermarks {
                if let error = tables.refusal(of: watermark, id, commit) { return .failure(error) }
            }
            for entry in entries { tables.enter(entry, commit.sink) }
            for (id, watermark) in commit.watermarks { tables.move(id, to: watermark, commit.sink) }
            for position in commit.replayPositions { tables.move(position) }
            if let rate = commit.rate { tables.rates[commit.sink] = rate }
            return .success(())
        }
    }

    package func opened(
        _ sink: SinkID,
        address: String,
        transport: String,
        doubtBytes: Int64,
        at: Timestamp
    ) async throws(StoreError) -> ConnectionID {
        try call(.opened) { tables in
            guard !tables.removed.contains(sink) else { return .success(ConnectionID(0)) }
            tables.connections.append(Connection(sink: sink, doubtBytes: doubtBytes))
            return .success(ConnectionID(Int64(tables.connections.count)))
        }
    }

    package func closed(_ connection: ConnectionID, of sink: SinkID, clean: Bool, at: Timestamp)
        async throws(StoreError)
    {
        try call(.closed) { tables in
            let index = Int(connection.value) - 1
            guard tables.connections.indices.contains(index), tables.connections[index].sink == sink,
                tables.connections[index].clean == nil
            else { return .success(()) }
            tables.connections[index].clean = clean
            return .success(())
        }
    }

    package func report(_ state: SinkReport, of sink: SinkID) async throws(StoreError) {
        try call(.report) { tables in
            tables.reports.append(state)
            return .success(())
        }
    }
}

extension BatchLimit {
    /// True when nothing more fits after what a batch has.
    func isReached(by batch: EventBatch) -> Bool {
        batch.count >= max(1, events) || batch.text.count >= bytes
    }
}

extension MemoryStore.Tables {
    /// Why a watermark cannot move: it would pass an event without an outcome.
    fileprivate func refusal(of watermark: Seq, _ id: SubscriptionID, _ commit: DeliveryCommit)
        -> StoreError?
    {
        guard let (sink, old) = subscriptions[id], sink == commit.sink, watermark > old.watermark else {
            return nil
        }
        let passed = events.count {
            $0.stream == old.stream && $0.seq > old.watermark && $0.seq <= watermark
        }
        let settled = commit.entries.filter { $0.replay == nil && $0.stream == old.stream }
            .filter { $0.first > old.watermark && $0.last <= watermark }
            .reduce(0) { $0 + $1.events }
        return passed == settled
            ? nil : StoreError(.invalid, "\(passed) events passed, \(settled) in the ledger")
    }

    /// Moves a watermark forward; does nothing when the subscription was removed.
    fileprivate mutating func move(_ id: SubscriptionID, to watermark: Seq, _ sink: SinkID) {
        guard let (owner, old) = subscriptions[id], owner == sink, watermark > old.watermark else { return }
        subscriptions[id] = (
            sink, Subscription(id: id, stream: old.stream, name: old.name, watermark: watermark)
        )
    }

    fileprivate mutating func enter(_ entry: LedgerEntry, _ sink: SinkID) {
        ledger.append((sink, entry))
        let seqs = events.lazy.filter { $0.stream == entry.stream }.map(\.seq)
            .filter { $0 >= entry.first && $0 <= entry.last }
        switch entry.outcome {
        case .refused: deadLetters[sink, default: []].formUnion(seqs)
        case .delivered, .already: deadLetters[sink, default: []].subtract(seqs)
        case .filtered, .retry: break
        }
        guard let connection = entry.connection.map({ Int($0.value) - 1 }),
            connections.indices.contains(connection), connections[connection].sink == sink
        else { return }
        connections[connection].settled = max(connections[connection].settled, entry.position)
    }

    fileprivate mutating func move(_ position: ReplayPosition) {
        guard let index = replays.firstIndex(where: { $0.id == position.replay }) else { return }
        replays[index].sent += position.sent
        replays[index].streams = replays[index].streams.map { stream in
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
