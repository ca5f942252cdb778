import SpoolCore
import SpoolPipeline
import SpoolSimulator
import SpoolStore
import Testing

@testable import SpoolEngine
@testable import SpoolEngineTestSupport

@Suite("Audits of a spool that is smaller than their window", .timeLimit(.minutes(5)))
struct SmallSpoolAuditTests {
    private static let sink = SinkName("siem")

    @Test("retention that runs during an audit makes nothing missing, hides nothing, and completes nothing")
    func pruning() async throws {
        try await PortalBench.with { bench in
            let portal = bench.portal
            portal.fill(perSecond: 0.2, from: PortalBench.begin - .hours(1), for: .hours(8))
            let yaml = EngineRun.yaml(
                [
                    (
                        "contoso",
                        "url: \"\(portal.url)\", poll: 1m, requests_per_minute: 8, "
                            + "auth: { token: \"${TOKEN}\" }, "
                            + "streams: { activities: { start: 2h, look_back: 10m } }"
                    )
                ],
                audit: "{ every: 1h, window: 2h }"
            )
            try await EngineRun.with(bench, yaml, loops: 4) { daemon in
                var account = Account(daemon: daemon, sink: try await Self.subscribe(daemon))
                try await account.pass(.minutes(20))
                let used = try await daemon.spool.prune(now: [:], at: bench.time.wall(), age: .days(30))
                // Retention keeps it below 80 % of the limit, so about as full as it is now.
                daemon.spool.limit(to: used.bytesInUse / 4 * 5)

                try await account.pass(until: 1)
                let saved = (bench.now - .minutes(50)).milliseconds
                portal.insert(SimulatedRecord(id: "late", created: saved), into: .activities)
                try await account.pass(until: 2)
                let names = try await daemon.spool.missing(of: account.done[1].id).map(\.id)
                try await account.pass(until: 3)

                let streams = account.done.compactMap(\.streams.first)
                #expect(streams.map(\.neverFetched) == [0, 1, 0])
                #expect(streams.map(\.fetched) == [0, 1, 0] && names == ["late"])
                #expect(streams.allSatisfy { $0.pruned > 0 && $0.noLongerProvable == 0 })
                #expect(streams.map { $0.sinks.first?.missing } == [0, 0, 0], "\(streams)")
                #expect(streams.allSatisfy { $0.spool.count > 0 })
                #expect(account.done.allSatisfy { !$0.isComplete && $0.shortfalls == [.pruned] })
                #expect(account.deletedDuringAudits > 0)
            }
        }
    }

    /// Registers a sink beside the engine, to which the test delivers.
    private static func subscribe(_ daemon: EngineRun) async throws -> SinkID {
        let streams = daemon.engine.proofContext.sources.streams.map {
            Topology.Stream(name: $0.name, kind: $0.kind, filterHash: $0.filterHash)
        }
        let registration = try await daemon.spool.register(
            Topology(
                streams: streams + [Topology.Stream(name: .notifications, kind: .alert)],
                sinks: [
                    Topology.Sink(name: sink, type: "test", streams: streams.map(\.name), start: .beginning)
                ]
            ),
            at: daemon.bench.time.wall()
        )
        return try #require(registration.sinks[sink])
    }
}

/// Lets time pass in short steps, delivers what has been fetched after each, and counts what retention deletes
/// while an audit runs.
private struct Account {
    let daemon: EngineRun
    let sink: SinkID
    /// Completed audits, in order.
    private(set) var done: [Proof] = []
    private(set) var deletedDuringAudits = 0

    init(daemon: EngineRun, sink: SinkID) { (self.daemon, self.sink) = (daemon, sink) }

    mutating func pass(_ duration: Duration) async throws {
        let end = daemon.bench.now + duration
        while daemon.bench.now < end { try await step() }
    }

    /// Passes time until this many audits are done.
    mutating func pass(until count: Int) async throws {
        let end = daemon.bench.now + .hours(4)
        while done.count < count, daemon.bench.now < end { try await step() }
        try #require(done.count == count)
    }

    private mutating func step() async throws {
        // An audit that waits for its turn or a sweep sleeps; one that compares does not.
        var run = daemon.run
        run.sleepers = 3
        let audits = "SELECT count(*) FROM proof WHERE state = 'running'"
        let isAuditing = try await daemon.spool.number(audits) > 0
        let before = try await deleted()
        try await run.pass(.seconds(20))
        if isAuditing, try await daemon.spool.number(audits) > 0 {
            deletedDuringAudits += try await deleted() - before
        }
        try await deliver()
        if let last = try await daemon.spool.lastProof(.audit), last.id != done.last?.id { done.append(last) }
    }

    private func deleted() async throws -> Int {
        try await daemon.spool.number("SELECT coalesce(sum(events), 0) FROM pruned WHERE sink_id IS NULL")
    }

    private func deliver() async throws {
        let (spool, now) = (daemon.spool, daemon.bench.time.wall())
        for subscription in try await spool.subscriptions(of: sink) {
            let limit = BatchLimit(events: 100_000)
            guard
                let batch = try await spool.batch(
                    of: subscription.stream,
                    after: subscription.watermark,
                    limit: limit,
                    raw: false
                ), let first = batch.first, let last = batch.last
            else { continue }
            var commit = DeliveryCommit(sink: sink, at: now)
            commit.entries = [
                LedgerEntry(
                    stream: subscription.stream,
                    first: first,
                    last: last,
                    outcome: .delivered(.acknowledged),
                    events: batch.count,
                    bytes: batch.count,
                    attempts: 1,
                    sent: now,
                    settled: now
                )
            ]
            commit.watermarks = [subscription.id: last]
            try await spool.settle(commit)
        }
    }
}
