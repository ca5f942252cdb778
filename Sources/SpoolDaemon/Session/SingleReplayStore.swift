import SpoolCore

/// The spool for a command that runs a single replay: it shows no live lanes and no other replays.
struct SingleReplayStore: DeliveryStore, ReplayStore {
    let store: any DeliveryStore & ReplayStore
    let replay: ReplayID

    func subscriptions(of sink: SinkID) async throws(StoreError) -> [Subscription] { [] }

    func batch(of stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool) async throws(StoreError)
        -> EventBatch?
    {
        nil
    }

    func settle(_ commit: DeliveryCommit) async throws(StoreError) { try await store.settle(commit) }

    func opened(_ sink: SinkID, address: String, transport: String, doubtBytes: Int64, at: Timestamp)
        async throws(StoreError) -> ConnectionID
    {
        try await store.opened(sink, address: address, transport: transport, doubtBytes: doubtBytes, at: at)
    }

    func closed(_ connection: ConnectionID, of sink: SinkID, clean: Bool, at: Timestamp)
        async throws(StoreError)
    {
        try await store.closed(connection, of: sink, clean: clean, at: at)
    }

    func report(_ state: SinkReport, of sink: SinkID) async throws(StoreError) {
        try await store.report(state, of: sink)
    }

    func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate {
        try await store.estimate(request)
    }

    func create(_ request: ReplayRequest, at: Timestamp) async throws(StoreError) -> Replay {
        try await store.create(request, at: at)
    }

    func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await store.unfinishedReplays(of: sink).filter { $0.id == replay }
    }

    func batch(of replay: ReplayID, stream: StreamID, after: Seq, limit: BatchLimit, raw: Bool)
        async throws(StoreError) -> ReplayBatch
    {
        try await store.batch(of: replay, stream: stream, after: after, limit: limit, raw: raw)
    }

    func move(_ replay: ReplayID, to state: Replay.State, at: Timestamp) async throws(StoreError) {
        try await store.move(replay, to: state, at: at)
    }
}
