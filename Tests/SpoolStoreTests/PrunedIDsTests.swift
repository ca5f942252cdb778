import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("The ids of events that retention has deleted") struct PrunedIDsTests {
    /// A spool that delivered e1 … e9 and from which retention then deleted e1 … e5.
    private static func make(_ outcome: Outcome = .delivered(.acknowledged), connection: Bool = false)
        async throws -> (test: TestSpool, stream: StreamID, sink: SinkID)
    {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, (1...9).map { .at($0) })
        let id =
            connection ? try await test.spool.opened(sink, address: "a", transport: "tcp", at: .t(1)) : nil
        try await test.spool.deliver(sink, outcome: outcome, connection: id)
        if let id { try await test.spool.closed(id, clean: false, at: .t(11)) }
        #expect(try await prune(test, stream, at: 105) == 5)
        return (test, stream, sink)
    }

    private static func prune(_ test: TestSpool, _ stream: StreamID, at seconds: Int) async throws -> Int {
        let now = [stream: SourceTime(date: .t(seconds) + .milliseconds(500), sweepsBack: .zero)]
        return try await test.spool.prune(now: now, age: .seconds(100)).events
    }

    private static let activities = StreamName(source: "contoso", stream: "activities")

    private static func target(_ sink: SinkID) -> ProofTarget {
        ProofTarget(sink: sink, name: SinkName("siem"))
    }

    private static func page(_ stream: StreamID, _ events: [Event], _ reason: Scan.Reason) -> PageCommit {
        var commit = PageCommit.poll(stream, events, from: .t0)
        commit.scan.reason = reason
        return commit
    }

    @Test(
        "where retention has deleted, an id that was never fetched is inserted, a deleted one is not",
        arguments: [Scan.Reason.poll, .sweep, .refetch]
    )
    func neverFetched(reason: Scan.Reason) async throws {
        let (test, stream, _) = try await Self.make()

        let receipt = try await test.spool.append(
            Self.page(stream, [.at(2), .at(3, "late"), .at(5)], reason)
        )

        #expect(receipt.inserted == 1)
        #expect(try await test.values("SELECT count(*) FROM event WHERE external_id = 'late'") == [1])
        #expect(try await test.values("SELECT count(*) FROM event WHERE external_id IN ('e2', 'e5')") == [0])
    }

    @Test("an id from a time whose deleted ids are not kept is not inserted, as it may have been deleted")
    func unknown() async throws {
        let (test, stream, _) = try await Self.make()
        try await test.spool.write {
            try $0.execute(sql: "UPDATE stream SET pruned_ids_from_ms = pruned_to_ms")
        }

        let receipt = try await test.spool.append(Self.page(stream, [.at(3, "late")], .refetch))

        #expect(receipt.inserted == 0)
    }

    @Test(
        "ids missing from the spool are classified as deleted, never fetched, or no longer provable"
    )
    func setAside() async throws {
        let (test, stream, sink) = try await Self.make()
        let scratch = try ProofScratch(beside: test.path)
        defer { scratch.close() }
        let unreadable = ProofScratch.Unknown(id: "unreadable", time: nil)
        try await scratch.addSource(
            [("e2", 2), ("late", 3), ("new", 200)].map { .init(id: $0, time: .t($1)) } + [unreadable]
        )
        try await scratch.addDeleted(by: test.spool, stream, from: .t0, [Self.target(sink)])

        let known = try await scratch.setAside(before: .t(6), idsFrom: nil, window: .t0, sinks: 1)
        let unknown = try await scratch.unknown(after: "").map(\.id)
        let older = try await scratch.setAside(before: .t(6), idsFrom: .t(4), window: .t0, sinks: 1)
        let lists = try await scratch.lists(after: "", sinks: 1)

        #expect(known == ProofScratch.SetAside(deleted: 1, unprovable: 0, doubtful: [0], lost: [0]))
        #expect(unknown == ["late", "new", "unreadable"])
        #expect(older == ProofScratch.SetAside(deleted: 0, unprovable: 2, doubtful: [0], lost: [0]))
        #expect(try await scratch.unknown(after: "").map(\.id) == ["new"])
        #expect(lists.counts == (source: 4, spool: 0, gone: 0, all: 4))
    }

    @Test(
        "a deleted event with doubtful delivery is still missing at that sink and cannot be replayed"
    )
    func doubtful() async throws {
        let (test, stream, sink) = try await Self.make(.delivered(.kernel), connection: true)
        let scratch = try ProofScratch(beside: test.path)
        defer { scratch.close() }
        try await scratch.addSource([.init(id: "e2", time: .t(2)), .init(id: "e4", time: .t(4))])
        try await scratch.addDeleted(by: test.spool, stream, from: .t0, [Self.target(sink)])

        let found = try await scratch.setAside(before: .t(6), idsFrom: nil, window: .t0, sinks: 1)
        let lacks = try await scratch.lacks(of: 0, after: "")

        #expect(found == ProofScratch.SetAside(deleted: 2, unprovable: 0, doubtful: [2], lost: [0]))
        #expect(lacks.map(\.id) == ["e2", "e4"])
        #expect(lacks.allSatisfy { $0.seq == nil && $0.standing == .doubtful })
    }

    @Test("what retention deleted before a sink received it is missing at that sink when it returns")
    func lost() async throws {
        let test = try TestSpool()
        let registration = try await test.register(sinks: ["siem", "other"])
        let stream = try #require(registration.streams.values.first)
        let sink = try #require(registration.sinks[SinkName("siem")])
        let other = try #require(registration.sinks[SinkName("other")])
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, (1...4).map { .at($0) })
        try await test.spool.deliver(sink, limit: 1)
        try await test.spool.deliver(other)
        _ = try await test.register(sinks: ["other"])
        #expect(try await Self.prune(test, stream, at: 200) == 1)
        #expect(try await Self.prune(test, stream, at: 301) == 3)
        _ = try await test.register(sinks: ["siem", "other"])
        let targets = try await test.spool.proofTargets(of: stream)
        let scratch = try ProofScratch(beside: test.path)
        defer { scratch.close() }
        try await scratch.addSource((1...4).map { .init(id: "e\($0)", time: .t($0)) })
        try await scratch.addDeleted(by: test.spool, stream, from: .t0, targets)

        let found = try await scratch.setAside(before: .t(6), idsFrom: nil, window: .t0, sinks: 2)
        let names = try await scratch.lacks(of: 1, after: "")
        let traced = try await test.spool.coverage(of: Self.activities, at: .t(3), id: "e3")
        let delivered = try await test.spool.coverage(of: Self.activities, at: .t(1), id: "e1")

        #expect(targets.map(\.name.text) == ["other", "siem"])
        #expect(found.deleted == 4 && found.lost == [0, 3] && found.doubtful == [0, 0])
        #expect(names.map(\.id) == ["e2", "e3", "e4"])
        #expect(names.allSatisfy { $0.seq == nil && $0.standing.cause == .lost })
        #expect(traced?.wasDeleted == true && traced?.lostAt == ["siem"])
        #expect(delivered?.wasDeleted == true && delivered?.lostAt == [])
    }

    @Test("an event that a sink loses during the comparison is missing there")
    func lostMeanwhile() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, [.at(1)])
        let targets = try await test.spool.proofTargets(of: stream)
        let scratch = try ProofScratch(beside: test.path)
        defer { scratch.close() }
        try await scratch.addSpooled([
            .init(seq: Seq(1), id: "e1", isReadable: true, standings: [.waiting])
        ])
        _ = try await test.register(sinks: [])
        #expect(try await Self.prune(test, stream, at: 200) == 0)
        #expect(try await Self.prune(test, stream, at: 301) == 1)

        let lacks = try await scratch.lacks(of: 0, after: "")
        let now = try await test.spool.standings(of: lacks.compactMap(\.seq), at: sink, stream)
        try await scratch.addDeleted(by: test.spool, stream, from: .t0, targets)

        #expect(try await scratch.change(lacks, to: now, of: 0) == [.lost])
    }

    @Test("the doubtful delivery of deleted events is kept for a sink that has left and may return")
    func doubtfulAway() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, [.at(1)])
        let id = try await test.spool.opened(sink, address: "a", transport: "tcp", at: .t(1))
        try await test.spool.deliver(sink, outcome: .delivered(.kernel), connection: id)
        try await test.spool.closed(id, clean: false, at: .t(11))
        _ = try await test.register(sinks: [])

        #expect(try await Self.prune(test, stream, at: 200) == 1)

        #expect(
            try await test.values("SELECT sink_id FROM pruned WHERE sink_id IS NOT NULL AND lost = 0")
                == [sink.value]
        )
    }

    @Test("a sink that had no place in a stream has lost nothing of it")
    func neverBegun() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(SinkID(1))
        _ = try await test.register(sinks: ["siem", "late"])
        _ = try await test.register()
        #expect(try await Self.prune(test, stream, at: 200) == 0)

        #expect(try await Self.prune(test, stream, at: 301) == 1)

        #expect(try await test.values("SELECT count(*) FROM pruned WHERE sink_id IS NOT NULL") == [0])
    }

    @Test("events that a receiver may not have read yet are kept until their connection ends")
    func pending() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, (1...9).map { .at($0) })
        let id = try await test.spool.opened(sink, address: "a", transport: "tcp", at: .t(1))
        try await test.spool.deliver(sink, outcome: .delivered(.kernel), connection: id)

        let open = try await Self.prune(test, stream, at: 200)
        try await test.spool.closed(id, clean: true, at: .t(11))
        let closed = try await Self.prune(test, stream, at: 200)

        #expect(open == 0 && closed == 9)
        #expect(try await test.values("SELECT count(*) FROM pruned WHERE sink_id IS NOT NULL") == [0])
    }

    @Test(
        "an event deleted during the comparison is not unsettled; a doubtful one stays doubtful"
    )
    func meanwhile() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, [.at(1, "waits"), .at(2, "doubtful")])
        let scratch = try ProofScratch(beside: test.path)
        defer { scratch.close() }
        try await scratch.addSpooled([
            .init(seq: Seq(1), id: "waits", isReadable: true, standings: [.waiting]),
            .init(seq: Seq(2), id: "doubtful", isReadable: true, standings: [.doubtful]),
        ])
        try await test.spool.deliver(sink)
        #expect(try await Self.prune(test, stream, at: 105) == 2)

        let lacks = try await scratch.lacks(of: 0, after: "")
        let now = try await test.spool.standings(of: lacks.compactMap(\.seq), at: sink, stream)
        let standings = try await scratch.change(lacks, to: now, of: 0)

        #expect(now == [nil, nil])
        #expect(standings == [.doubtful, .pruned])
        #expect(DeliveryStanding.pruned.cause == nil && !DeliveryStanding.pruned.isDelivered)
        #expect(try await scratch.lacks(of: 0, after: "").allSatisfy { $0.seq == nil })
    }

    @Test("a repair resends what the spool still has, even if retention has deleted a part")
    func requeueKept() async throws {
        let (test, _, _) = try await Self.make()

        let some = try await test.spool.requeueKept(
            [Seq(2), Seq(7), Seq(8)],
            to: SinkName("siem"),
            at: .t(200)
        )
        let none = try await test.spool.requeueKept([Seq(1), Seq(2)], to: SinkName("siem"), at: .t(200))

        #expect(some.replay?.total == 2 && some.deleted == 1)
        #expect(none.replay == nil && none.deleted == 2)
    }

    @Test("ids are kept as long as audits look back; older events are no longer provable")
    func age() async throws {
        let (test, stream, _) = try await Self.make()
        test.spool.keepIDs(ofAuditsOver: .seconds(10))
        let later = 86_400 + 10 + 4

        #expect(try await Self.prune(test, stream, at: later) == 4)

        #expect(try await test.values("SELECT events FROM pruned") == [5, 4])
        #expect(try await test.spool.proofBounds(of: stream).prunedIDsFrom == nil)

        try await test.append(stream, [.at(400_000)])
        try await test.spool.deliver(SinkID(1))
        #expect(try await Self.prune(test, stream, at: 450_000) == 1)
        #expect(try await test.values("SELECT events FROM pruned") == [1])
        let bounds = try await test.spool.proofBounds(of: stream)
        #expect(bounds.prunedIDsFrom == .t(9) + .milliseconds(1))
    }

    @Test("the size of ids is limited: the oldest are deleted, and those events are no longer provable")
    func room() async throws {
        let (test, stream, _) = try await Self.make()
        let row = Int64(5 * PrunedIDs.width) + PrunedIDs.rowBytes

        try await test.spool.write { try PrunedIDs.bound($0, before: [:], maxBytes: row) }
        let kept = try await test.values("SELECT count(*) FROM pruned")
        try await test.spool.write { try PrunedIDs.bound($0, before: [:], maxBytes: row - 1) }

        #expect(kept == [1])
        #expect(try await test.values("SELECT count(*) FROM pruned") == [0])
        #expect(try await test.spool.proofBounds(of: stream).prunedIDsFrom == .t(5) + .milliseconds(1))
        #expect(PrunedPart.maxBytes(ofSpool: 160 << 20) == 10 << 20)
        #expect(PrunedPart.maxBytes(ofSpool: 1 << 40) == 64 << 20)
    }

    @Test("the ids of events that were deleted before ids were kept are unknown")
    func migrated() throws {
        let queue = try DatabaseQueue()
        let (known, before) = try queue.writeWithoutTransaction { db in
            try Migrations.run(db, path: "memory", steps: Migrations.all.prefix { $0.name != "0003_pruned" })
            try db.execute(
                sql: """
                    INSERT INTO stream (name, source, kind, is_configured, pruned_to_ms)
                    VALUES ('a/old', 'a', 1, 1, 77), ('a/new', 'a', 1, 1, NULL)
                    """
            )
            let before = try Int.fetchOne(db, sql: "PRAGMA user_version")
            try Migrations.run(db, path: "memory")
            return (try Int64?.fetchAll(db, sql: "SELECT pruned_ids_from_ms FROM stream ORDER BY id"), before)
        }

        #expect(known == [77, nil])
        #expect((before ?? 0) < Migrations.all.count)
    }

    @Test("of deleted events, earlier versions did not note who lost them: those are no longer provable")
    func migratedLosses() throws {
        let queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { db in
            try Migrations.run(
                db,
                path: "memory",
                steps: Migrations.all.prefix { $0.name != "0007_findings" }
            )
            try db.execute(
                sql: """
                    INSERT INTO stream (id, name, source, kind, is_configured, pruned_to_ms)
                    VALUES (1, 'a/x', 'a', 1, 1, 77), (2, 'a/y', 'a', 1, 1, 77);
                    INSERT INTO sink (id, name, type) VALUES (4, 'siem', 'syslog');
                    INSERT INTO subscription
                        (sink_id, stream_id, state, start_seq, watermark_seq, passed, lost, lost_from_ms, lost_to_ms)
                    VALUES (4, 1, 'left', 0, 0, 0, 3, 10, 30), (4, 2, 'active', 0, 0, 0, 0, NULL, NULL);
                    INSERT INTO pruned (stream_id, from_ms, to_ms, events, ids)
                    VALUES (1, 5, 40, 1, x'01'), (1, 41, 50, 1, x'02'), (2, 5, 40, 1, x'03');
                    INSERT INTO proof (id, reason, state, from_ms, to_ms, started_ms, result)
                    VALUES (1, 'audit', 'done', 1, 2, 3, '{}');
                    INSERT INTO proof_missing VALUES (1, 'a/x', 'siem', 'doubtful', 'e1', 7);
                    """
            )

            try Migrations.run(db, path: "memory")

            #expect(
                try Int64?.fetchAll(db, sql: "SELECT pruned_ids_from_ms FROM stream ORDER BY id") == [
                    41, nil,
                ]
            )
            #expect(try Int64.fetchAll(db, sql: "SELECT from_ms FROM pruned ORDER BY id") == [41, 5])
            #expect(try String.fetchAll(db, sql: "SELECT external_id FROM proof_missing") == ["e1"])
        }
    }

    @Test("retention deletes nothing while a replay is planned, so its total is what it can send")
    func planning() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, (1...9).map { .at($0) })
        try await test.spool.deliver(sink)

        let during = try await test.spool.planning { () async throws(StoreError) in
            do {
                return try await Self.prune(test, stream, at: 200)
            } catch {
                throw StoreError(.invalid, "\(error)")
            }
        }
        let after = try await Self.prune(test, stream, at: 200)

        #expect(during == 0 && after == 9)
    }
}
