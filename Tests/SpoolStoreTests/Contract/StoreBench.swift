import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

/// The two implementations of the store's protocols; each promise is tested on both.
enum StoreKind: CaseIterable, CustomTestStringConvertible {
    /// The model with which the loops are tested.
    case memory
    case sqlite

    var testDescription: String { self == .memory ? "in memory" : "SQLite" }
}

typealias ContractStore = PageStore & DeliveryStore & ReplayStore & RefetchStore & PoisonMarkStore

/// A store with two streams, to both of which the sinks `siem` and `second` subscribe.
struct StoreBench {
    let kind: StoreKind
    let store: any ContractStore
    let stream: StreamID
    let other: StreamID
    let siem: SinkID
    let second: SinkID
    /// The spool behind SQLite's store.
    private let spool: TestSpool?

    private static let names = [StreamName(source: "a", stream: "x"), StreamName(source: "a", stream: "y")]

    init(_ kind: StoreKind) async throws {
        self.kind = kind
        switch kind {
        case .memory:
            let memory = MemoryStore()
            memory.edit { tables in
                for (index, name) in Self.names.enumerated() {
                    let stream = StreamID(Int64(index + 1))
                    tables.names[stream] = name
                    for sink in [Int64(1), 2] {
                        let id = SubscriptionID(sink * 10 + stream.value)
                        tables.subscriptions[id] = (
                            SinkID(sink), Subscription(id: id, stream: stream, name: name, watermark: Seq(0))
                        )
                    }
                }
                tables.sinks = [SinkName("siem"): SinkID(1), SinkName("second"): SinkID(2)]
            }
            (store, spool) = (memory, nil)
            (stream, other, siem, second) = (StreamID(1), StreamID(2), SinkID(1), SinkID(2))
        case .sqlite:
            let test = try TestSpool()
            let registered = try await test.register(
                streams: Self.names.map(\.description),
                sinks: ["siem", "second"]
            )
            (store, spool) = (test.spool, test)
            stream = registered.streams[Self.names[0]]!
            other = registered.streams[Self.names[1]]!
            siem = registered.sinks[SinkName("siem")]!
            second = registered.sinks[SinkName("second")]!
        }
    }

    private init(_ bench: StoreBench, _ store: any ContractStore) {
        (kind, self.store, spool) = (bench.kind, store, bench.spool)
        (stream, other, siem, second) = (bench.stream, bench.other, bench.siem, bench.second)
    }

    /// The store after a new start of the process, which closed it before or did not.
    func reopened(cleanly: Bool) async throws -> StoreBench {
        guard let before = store as? Spool else {
            try #require(store as? MemoryStore).reopen(cleanly: cleanly)
            return self
        }
        if cleanly { try await before.close(at: .t(100)) } else { try before.letGo() }
        return StoreBench(self, try Spool.open(path: before.path, options: .small, at: .t(100)))
    }

    /// Removes a finished replay with its ad-hoc destination, whose loop still runs.
    func remove(_ replay: Replay) async throws {
        if let memory = store as? MemoryStore {
            memory.edit { tables in
                tables.replays.removeAll { $0.id == replay.id }
                tables.removed.insert(replay.sinkID)
            }
        } else {
            try await (store as? Spool)?.remove(replay.id)
        }
    }

    /// Ends the subscriptions of the sink `siem` while its loop still runs.
    func unsubscribeSIEM() async throws {
        if let memory = store as? MemoryStore {
            memory.edit { tables in
                tables.subscriptions = tables.subscriptions.filter { $0.value.sink != siem }
            }
        } else if let spool {
            _ = try await spool.register(streams: Self.names.map(\.description), sinks: ["second"])
            try await spool.spool.forget("siem", at: .t(1_000))
        }
    }

    func deadLetters(of sink: SinkID) async throws -> [Seq] {
        if let memory = store as? MemoryStore { return memory.read { $0.deadLetters[sink] ?? [] }.sorted() }
        let sql = "SELECT seq FROM dead_letter WHERE sink_id = ? ORDER BY seq"
        return try await spool?.values(sql, [sink.value]).map { Seq($0) } ?? []
    }

    /// The states of a stream's windows, in the order in which they began.
    func windows(of stream: StreamID) async throws -> [WindowState] {
        if let memory = store as? MemoryStore {
            return memory.read { $0.windows.filter { $0.stream == stream }.map(\.state) }
        }
        let words = try await spool?.spool.read { db in
            try String.fetchAll(
                db,
                sql: "SELECT state FROM fetch_window WHERE stream_id = ? ORDER BY id",
                arguments: [stream.value]
            )
        }
        return words?.compactMap(WindowState.init) ?? []
    }

    // MARK: Doing

    @discardableResult
    func append(_ events: [Event], to stream: StreamID? = nil) async throws -> PageReceipt {
        try await store.append(.poll(stream ?? self.stream, events))
    }

    /// Delivers what waits for a sink in every stream.
    func deliver(
        _ sink: SinkID,
        limit: Int = 1_000,
        outcome: Outcome = .delivered(.acknowledged),
        connection: ConnectionID? = nil,
        position: Int64 = 0
    ) async throws {
        for subscription in try await store.subscriptions(of: sink) {
            let batch = try await store.batch(
                of: subscription.stream,
                after: subscription.watermark,
                limit: BatchLimit(events: limit),
                raw: false
            )
            guard let batch, let first = batch.first, let last = batch.last else { continue }
            var commit = DeliveryCommit(sink: sink, at: .t(10))
            commit.entries = [
                .live(
                    batch.stream,
                    first,
                    last,
                    events: batch.count,
                    outcome: outcome,
                    connection: connection,
                    position: position
                )
            ]
            commit.watermarks = [subscription.id: last]
            try await store.settle(commit)
        }
    }

    /// A sink's watermark in a stream.
    func watermark(of sink: SinkID, in stream: StreamID? = nil) async throws -> Seq? {
        let stream = stream ?? self.stream
        return try await store.subscriptions(of: sink).first { $0.stream == stream }?.watermark
    }

    /// Ids of the events of a stream, as batches return them.
    func ids(_ stream: StreamID? = nil) async throws -> [String] {
        let stream = stream ?? self.stream
        return try await store.batch(of: stream, after: Seq(0), limit: BatchLimit(), raw: false)?.ids ?? []
    }

    /// What a replay sends of a stream, slice by slice: ids, and `|` where events were left out.
    func sent(_ replay: Replay, _ stream: StreamID? = nil, limit: Int = 1_000) async throws -> [String] {
        let stream = stream ?? self.stream
        var after = replay.streams.first { $0.stream == stream }?.position ?? Seq(0)
        var sent: [String] = []
        while true {
            let slice = try await store.batch(
                of: replay.id,
                stream: stream,
                after: after,
                limit: BatchLimit(events: limit),
                raw: false
            )
            for (index, id) in slice.events.ids.enumerated() {
                sent.append(slice.events.breaks.contains(index) ? "|\(id)" : id)
            }
            if slice.isLast { return sent }
            guard slice.scannedThrough > after else { throw StoreError(.invalid, "a slice without progress") }
            after = slice.scannedThrough
        }
    }

    /// A replay as the store has it now; nil once it has ended.
    func unfinished(_ replay: Replay) async throws -> Replay? {
        try await (store as any ReplayStore).unfinishedReplays(of: nil).first { $0.id == replay.id }
    }

    /// A replay as the store has it now, whether it has ended or not.
    func finished(_ replay: Replay) async throws -> Replay? {
        if let memory = store as? MemoryStore {
            return try await memory.replays(of: nil).first { $0.id == replay.id }
        }
        return try await (store as? Spool)?.replays(of: nil).first { $0.id == replay.id }
    }
}
