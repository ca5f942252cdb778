import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Proofs in the spool")
struct ProofTests {
    private static func standings(_ test: TestSpool, _ stream: StreamID, _ sink: SinkID) async throws
        -> [String: DeliveryStanding]
    {
        let target = ProofTarget(sink: sink, name: SinkName("siem"))
        let slice = try await test.spool.proofSlice(
            of: stream,
            at: .init(from: .t0),
            to: .t(1_000_000),
            [target]
        )
        return Dictionary(uniqueKeysWithValues: slice.rows.map { ($0.id, $0.standings[0]) })
    }

    @Test("each event's delivery state at a sink is the strongest one that the ledger shows")
    func evidence() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let outcomes: [(String, Outcome)] = [
            ("acknowledged", .delivered(.acknowledged)), ("already", .already),
            ("kernel", .delivered(.kernel)),
            ("sent", .delivered(.sent)), ("filtered", .filtered),
            ("refused", .refused(Refusal(reason: "rejected", detail: "bad field"))),
        ]
        let connection = try await test.spool.opened(sink, address: "a", transport: "tcp", at: .t(1))
        for (index, (id, outcome)) in outcomes.enumerated() {
            try await test.append(stream, [.at(index + 1, id)])
            try await test.spool.deliver(sink, outcome: outcome, connection: connection)
        }
        let pending = try await Self.standings(test, stream, sink)["kernel"]
        try await test.spool.closed(connection, clean: true, at: .t(20))
        try await test.append(stream, [.at(50, "waiting")])

        let found = try await Self.standings(test, stream, sink)

        #expect(
            found == [
                "acknowledged": .acknowledged, "already": .acknowledged, "kernel": .kernel, "sent": .sent,
                "filtered": .filtered, "refused": .deadLetter, "waiting": .waiting,
            ]
        )
        #expect(pending == .pending)
        #expect(
            found.values.compactMap(\.cause).sorted { $0.rawValue < $1.rawValue } == [
                .deadLetter, .unsettled,
            ]
        )
    }

    @Test(
        "what the receiver's kernel may hold is doubtful after an unclean end, until delivered again"
    )
    func doubtful() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let connection = try await test.spool.opened(
            sink,
            address: "a",
            transport: "tcp",
            doubt: 500,
            at: .t(1)
        )
        try await test.append(stream, [.at(1, "old")])
        try await test.spool.deliver(
            sink,
            outcome: .delivered(.kernel),
            connection: connection,
            settled: .t(89),
            position: 100
        )
        try await test.append(stream, [.at(2, "late"), .at(3, "again")])
        try await test.spool.deliver(
            sink,
            outcome: .delivered(.kernel),
            connection: connection,
            settled: .t(150),
            position: 600
        )
        try await test.spool.closed(connection, clean: false, at: .t(2_000))
        var commit = DeliveryCommit(sink: sink, at: .t(2_010))
        commit.entries = [.live(stream, Seq(3), Seq(3), events: 1, outcome: .delivered(.acknowledged))]
        try await test.spool.settle(commit)

        let found = try await Self.standings(test, stream, sink)

        #expect(found == ["old": .kernel, "late": .doubtful, "again": .acknowledged])
    }

    @Test("events from before a sink's start are not missing there, nor are dismissed dead letters")
    func beforeStart() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        try await test.append(stream, [.at(1, "before")])
        let late = try await test.register(sinks: ["siem", "late"], start: .now).sinks[SinkName("late")]
        let sink = try #require(late)
        try await test.append(stream, [.at(2, "refused")])
        try await test.spool.deliver(sink, outcome: .refused(Refusal(reason: "rejected", detail: "no")))
        try await test.spool.write { try $0.execute(sql: "UPDATE dead_letter SET dismissed_ms = 1") }

        let found = try await Self.standings(test, stream, sink)

        #expect(found == ["before": .beforeStart, "refused": .dismissed])
    }

    @Test("a window is read in slices by the source's time, each event once, excluding its end")
    func slices() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        let count = ProofSlice.rows + 500
        // Many events have the same millisecond, across the edge of a slice.
        for part in stride(from: 0, to: count, by: 2_000) {
            let events = (part..<min(count, part + 2_000)).map { Event.at($0 / 4_000, "e\($0)") }
            try await test.append(stream, events)
        }
        try await test.append(stream, [.at(100, "end")])

        var ids: [String] = []
        var sizes: [Int] = []
        var place: ProofSlice.Place? = .init(from: .t0)
        while let at = place {
            let slice = try await test.spool.proofSlice(of: stream, at: at, to: .t(100), [])
            ids += slice.rows.map(\.id)
            sizes.append(slice.rows.count)
            place = slice.next
        }

        #expect(sizes == [ProofSlice.rows, 500])
        #expect(Set(ids).count == count && ids.count == count)
        #expect(!ids.contains("end"))
    }

    @Test("reading a window uses the index of its basis")
    func plan() async throws {
        let test = try TestSpool()

        let plan = try await test.spool.read { db in
            try String.fetchAll(
                db,
                sql: "EXPLAIN QUERY PLAN \(ProofSlice.sql)",
                arguments: [1, 0, 1, 0, 0],
                adapter: SuffixRowAdapter(fromIndex: 3)
            )
        }

        #expect(plan.count == 1)
        #expect(
            plan.first?.contains("USING INDEX event_created (stream_id=? AND created_ms>? AND created_ms<?)")
                == true
        )
    }

    @Test("lists are sorted by id bytes, and a sink's list is the spool's without what the sink lacks")
    func lists() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1, "b"), .at(2, "B"), .at(3, "ä"), .at(4, "10")])
        try await test.spool.deliver(sink, limit: 3)
        let slice = try await test.spool.proofSlice(
            of: stream,
            at: .init(from: .t0),
            to: .t(100),
            [ProofTarget(sink: sink, name: SinkName("siem"))]
        )
        let scratch = try ProofScratch(beside: test.path)
        defer { scratch.close() }
        try await scratch.addSource(["b", "new", "ä"].map { .init(id: $0, time: .t(1)) })
        try await scratch.addSource([.init(id: "b", time: .t(1))])
        try await scratch.addSpooled(slice.rows)

        let lists = try await scratch.lists(after: "", sinks: 1)
        let unknown = try await scratch.unknown(after: "").map(\.id)
        let count = try await scratch.count(of: 0)

        #expect(String(decoding: lists.source, as: UTF8.self) == "b\nnew\nä\n")
        #expect(String(decoding: lists.spool, as: UTF8.self) == "10\nB\nb\nä\n")
        #expect(String(decoding: lists.sinks[0], as: UTF8.self) == "B\nb\nä\n")
        #expect(lists.counts == (source: 3, spool: 4, gone: 2, all: 5))
        #expect(unknown == ["new"])
        #expect(count == [.waiting: 1])
    }

    @Test(
        "only ids that the source shows twice stay, and those spooled in the meantime are no longer unknown"
    )
    func second() async throws {
        let test = try TestSpool()
        let scratch = try ProofScratch(beside: test.path)
        defer { scratch.close() }
        try await scratch.addSource(["a", "b", "c"].map { .init(id: $0, time: .t(7_200)) })
        try await scratch.addSource([.init(id: "a", time: .t(1)), .init(id: "x", time: .t(1))], again: true)
        try await scratch.addSpooled([.init(seq: Seq(1), id: "b", isReadable: true, standings: [])])

        try await scratch.dropUnconfirmed()
        let unknown = try await scratch.unknown(after: "").map(\.id)
        let hours = try await scratch.hoursOfUnknown()

        #expect(unknown == ["a"])
        #expect(hours == [(Timestamp.t(7_200).milliseconds) / 3_600_000])
    }

    @Test("closing removes the scratch file")
    func scratchGoes() throws {
        let test = try TestSpool()
        let scratch = try ProofScratch(beside: test.path)
        let path = test.path + ".verify"
        #expect(FileManager.default.fileExists(atPath: path))

        scratch.close()

        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("the last proof is the one run last, even if an earlier one ended by a clock that was ahead")
    func lastByOrder() async throws {
        let test = try TestSpool()
        let request = VerifyRequest(from: .t(0), to: .t(100), repair: .none)
        var ids: [Int64] = []
        for finished in [Timestamp.t(5) + .days(700), .t(5)] {
            var proof = try await test.spool.beginProof(request, reason: .command, version: "1", at: .t(1))
            proof.state = .done
            proof.finished = finished
            try await test.spool.save(proof)
            ids.append(proof.id)
        }

        #expect(try await test.spool.lastProof(.command)?.id == ids[1])
    }

    @Test("a proof is stored with what it found missing, and an unfinished one is marked as stopped")
    func rows() async throws {
        let test = try TestSpool()
        let request = VerifyRequest(from: .t0, to: .t(100))
        var done = try await test.spool.beginProof(request, reason: .audit, version: "1", at: .t(1))
        let left = try await test.spool.beginProof(request, reason: .audit, version: "1", at: .t(2))
        let name = try #require(StreamName("contoso/activities"))
        var stream = ProofStream(name: name, kind: .activity, filterHash: "f")
        stream.events = 7
        stream.neverFetched = 1
        done.streams = [stream]
        done.state = .done
        done.finished = .t(3)
        let missing = MissingEvent(
            stream: name.description,
            sink: nil,
            cause: .neverFetched,
            id: "x",
            seq: nil
        )
        try await test.spool.save(done, missing: [missing])

        try await test.spool.stopLeftProofs(at: .t(9))

        #expect(try await test.spool.lastProof() == done)
        #expect(try await test.spool.missing(of: done.id) == [missing])
        let stopped = try #require(try await test.spool.proof(left.id))
        #expect(stopped.state == .stopped && stopped.finished == .t(9) && !stopped.isComplete)
        #expect(stopped.error == "the process that ran it exited or was killed. It had not started.")
        #expect(try await test.spool.lastAuditBegan(at: .t(9)) == .t(1))
        let row = try await test.values(
            "SELECT events FROM proofs WHERE id = 1 UNION ALL SELECT missing FROM proofs"
        )
        #expect(row == [7, 1, 0])
    }
}
