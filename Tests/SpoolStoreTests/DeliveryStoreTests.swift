import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite struct DeliveryStoreTests {
    @Test("a batch contains only events of its stream")
    func ownStreamOnly() async throws {
        let test = try TestSpool()
        let streams = try await test.register(streams: ["a/x", "b/x"]).streams
        let (a, b) = (try #require(streams[.init("a/x")!]), try #require(streams[.init("b/x")!]))
        for index in 1...3 {
            try await test.append(a, [.at(index)])
            try await test.append(b, [.at(index + 10)])
        }

        let batch = try await test.spool.batch(of: b, after: Seq(0), limit: BatchLimit(), raw: false)

        #expect(batch?.seqs == [2, 4, 6])
        #expect(batch?.breaks == [])
    }

    @Test("the drain uses its index and does not sort", arguments: [true, false])
    func queryPlans(raw: Bool) async throws {
        let test = try TestSpool()

        for sql in [BatchQuery.liveSQL(raw: raw), ReplayQuery.walkSQL(raw: raw)] {
            let plan = try await test.plan(sql, arguments: 3)
            #expect(
                plan.first?.contains("SEARCH e USING INDEX event_stream (stream_id=? AND rowid>?") == true,
                "\(plan)"
            )
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
        for basis in ReplayBasis.allCases {
            let plan = try await test.plan(WindowQuery.sql(basis), arguments: 5)
            #expect(
                plan.count == 1 && plan[0].contains("USING COVERING INDEX event_\(basis.rawValue)"),
                "\(plan)"
            )
        }
        let prune = try await test.plan(PruneScan.sql, arguments: 5)
        #expect(
            prune.first?.contains("USING COVERING INDEX event_created") == true
                || prune.first?.contains("USING INDEX event_created") == true,
            "\(prune)"
        )
        #expect(!prune.contains { $0.contains("TEMP B-TREE") || $0.hasPrefix("SCAN") }, "\(prune)")
    }

    @Test("settling writes the ledger and moves the watermark; both survive a crash")
    func settles() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (1...3).map { .at($0) })

        try await test.spool.deliver(sink, limit: 2)

        #expect(try await test.spool.subscriptions(of: sink)[0].watermark == Seq(2))
        let status = try await test.spool.status().sinks[0]
        #expect(status.subscriptions[0].delivered == 2)
        #expect(status.waiting == 1)
        #expect(status.lastSuccess == .t(10))
        #expect(try await test.ledgerIsTrue())
    }

    @Test("a watermark that would pass an event without an outcome is rejected without any change")
    func refusesHoles() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (1...3).map { .at($0) })
        let subscription = try await test.spool.subscriptions(of: sink)[0]
        var commit = DeliveryCommit(sink: sink, at: .t(20))
        commit.entries = [.live(stream, Seq(1), Seq(1), events: 1), .live(stream, Seq(3), Seq(3), events: 1)]
        commit.watermarks = [subscription.id: Seq(3)]

        let error = await #expect(throws: StoreError.self) { try await test.spool.settle(commit) }

        #expect(error?.kind == .invalid)
        #expect(try await test.spool.subscriptions(of: sink)[0].watermark == Seq(0))
        #expect(try await test.value(Int.self, "SELECT count(*) FROM ledger") == 0)
    }

    @Test("another stream's events in the range do not count")
    func watermarkPerStream() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"])
        let sink = try #require(registration.sinks.values.first)
        for index in 1...4 {
            for stream in registration.streams.values { try await test.append(stream, [.at(index)]) }
        }

        try await test.spool.deliver(sink, limit: 3)

        #expect(try await test.spool.status().sinks[0].waiting == 2)
        #expect(try await test.ledgerIsTrue())
    }

    @Test("a refused entry becomes one dead letter per event; a later delivery removes them")
    func deadLetters() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (1...3).map { .at($0) })
        let refusal = Refusal(reason: "rejected", detail: "mapper_parsing_exception")

        try await test.spool.deliver(sink, outcome: .refused(refusal))
        let letters = try await test.spool.deadLetters(of: SinkName("siem"))
        let replay = try await test.spool.requeue([Seq(1), Seq(3)], to: SinkName("siem"), at: .t(20))
        var commit = DeliveryCommit(sink: sink, at: .t(30))
        commit.entries = [
            .live(stream, Seq(1), Seq(1), events: 1, replay: replay.id),
            .live(stream, Seq(3), Seq(3), events: 1, outcome: .already, replay: replay.id),
        ]
        try await test.spool.settle(commit)
        let left = try await test.spool.deadLetters()

        #expect(letters.map(\.externalID) == ["e1", "e2", "e3"])
        #expect(letters[0].detail == "mapper_parsing_exception")
        #expect(left.map(\.seq) == [Seq(2)])
        #expect(try await test.spool.status().sinks[0].deadLetters == 1)
        #expect(try await test.value(String.self, "SELECT id FROM dead_letters") == "e2")
    }

    @Test("a dead letter's id and reason are complete, including NUL characters")
    func nulInDeadLetter() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1, "a\0b")])

        try await test.spool.deliver(
            sink,
            outcome: .refused(Refusal(reason: "rejected", detail: "before\0after"))
        )

        let letter = try #require(try await test.spool.deadLetters().first)
        #expect(letter.externalID == "a\0b" && letter.detail == "before\0after")
    }

    @Test("a delivery of one stream does not remove the dead letters of another")
    func deadLettersPerStream() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"])
        let sink = try #require(registration.sinks.values.first)
        let (a, b) = (registration.streams[.init("a/x")!]!, registration.streams[.init("b/x")!]!)
        try await test.append(a, [.at(1)])
        try await test.append(b, [.at(2)])
        try await test.append(a, [.at(3)])
        try await test.spool.deliver(sink, outcome: .refused(Refusal(reason: "rejected", detail: "")))
        var commit = DeliveryCommit(sink: sink, at: .t(30))
        commit.entries = [.live(a, Seq(1), Seq(3), events: 2, replay: ReplayID(1))]

        try await test.spool.settle(commit)

        #expect(try await test.spool.deadLetters().map(\.seq) == [Seq(2)])
    }

    @Test("connections left open by a crash are closed as unclean at their last ledger row")
    func closesLeftOpen() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("spool.db")
        do {
            let spool = try Spool.open(path: path, options: .small, at: .t0)
            let name = StreamName(source: "a", stream: "x")
            let registration = try await spool.register(
                Topology(
                    streams: [Topology.Stream(name: name, kind: .activity)],
                    sinks: [Topology.Sink(name: SinkName("siem"), type: "syslog", streams: [name])]
                ),
                at: .t0
            )
            let (stream, sink) = try registration.only()
            let connection = try await spool.opened(sink, address: "tcp://a", transport: "tcp", at: .t(1))
            for (second, settled) in [(1, 10), (2, 75), (3, 133)] {
                _ = try await spool.append(.poll(stream, [.at(second)]))
                try await spool.deliver(
                    sink,
                    outcome: .delivered(.kernel),
                    connection: connection,
                    settled: .t(settled)
                )
            }
            _ = try await spool.opened(sink, address: "tcp://b", transport: "tcp", at: .t(140))
            try spool.letGo()
        }

        let spool = try Spool.open(path: path, options: .small, at: .t(199))

        let rows = try await spool.read { db in
            try Row.fetchAll(db, sql: "SELECT closed_ms, how FROM connection ORDER BY id").map {
                "\((($0[0] as Int64) - Timestamp.t0.milliseconds) / 1_000) \($0[1] as String)"
            }
        }
        #expect(rows == ["133 unclean", "140 unclean"])
        let doubtful = try await spool.read {
            try Int.fetchAll($0, sql: "SELECT doubtful FROM deliveries ORDER BY id")
        }
        #expect(doubtful == [1, 1, 1])
    }

    @Test(
        "after an unclean end, the last bytes that the receiver's kernel may hold are doubtful at any age"
    )
    func doubtInBytes() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let connection = try await test.spool.opened(
            sink,
            address: "a",
            transport: "tcp",
            doubt: 1_000,
            at: .t(1)
        )
        // Rows that end at 400, 500 and 1,500 bytes, hours apart: the first two are 1,100 and 1,000 bytes
        // before the last.
        for (index, position) in [400, 500, 1_500].enumerated() {
            try await test.append(stream, [.at(index + 1)])
            try await test.spool.deliver(
                sink,
                outcome: .delivered(.kernel),
                connection: connection,
                settled: .t(10_000 * (index + 1)),
                position: Int64(position)
            )
        }
        let pending = try await test.values("SELECT pending FROM deliveries ORDER BY id")

        try await test.spool.closed(connection, clean: false, at: .t(90_000))

        #expect(pending == [0, 0, 1])
        #expect(try await test.values("SELECT doubtful FROM deliveries ORDER BY id") == [0, 0, 1])
        #expect(try await test.values("SELECT pending FROM deliveries ORDER BY id") == [0, 0, 0])
    }

    @Test("on a connection that sent less than the receiver's kernel may hold, everything is doubtful")
    func quietConnection() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let connection = try await test.spool.opened(sink, address: "a", transport: "tcp", at: .t(1))
        for minute in 1...10 {
            try await test.append(stream, [.at(minute)])
            try await test.spool.deliver(
                sink,
                outcome: .delivered(.kernel),
                connection: connection,
                settled: .t(60 * minute),
                position: Int64(1_000 * minute)
            )
        }

        try await test.spool.closed(connection, clean: false, at: .t(9_000))

        #expect(try await test.values("SELECT sum(doubtful) FROM deliveries") == [10])
    }

    @Test("a clean end proves everything, but only on the sink's own connection")
    func closedOfSink() async throws {
        let test = try TestSpool()
        let registration = try await test.register(sinks: ["one", "two"])
        let sinks = registration.sinks
        let (one, two) = (sinks[SinkName("one")]!, sinks[SinkName("two")]!)
        let connection = try await test.spool.opened(one, address: "a", transport: "tcp", at: .t(1))

        try await test.spool.closed(connection, of: two, clean: true, at: .t(2))
        let after = try await test.value(Int.self, "SELECT count(*) FROM connection WHERE closed_ms IS NULL")
        try await test.spool.closed(connection, of: one, clean: true, at: .t(3))

        #expect(after == 1)
        #expect(try await test.value(String.self, "SELECT how FROM connection") == "clean")
    }

    @Test("a connection without a recorded end counts as ended uncleanly once its sink opens the next one")
    func leftOpen() async throws {
        let test = try TestSpool()
        let sinks = try await test.register(sinks: ["one", "two"]).sinks
        let (one, two) = (sinks[SinkName("one")]!, sinks[SinkName("two")]!)
        let left = try await test.spool.opened(one, address: "a", transport: "tcp", at: .t(1))
        let other = try await test.spool.opened(two, address: "a", transport: "tcp", at: .t(1))

        let next = try await test.spool.opened(one, address: "a", transport: "tcp", at: .t(9))

        let ended = try await test.value(
            String.self,
            "SELECT how FROM connection WHERE id = \(left.value)"
        )
        #expect(ended == "unclean")
        #expect(try await test.spool.isAnyOpen(of: [left]) == false)
        #expect(try await test.spool.connectedSinks() == [one, two])
        #expect(try await test.spool.isAnyOpen(of: [other]))
        #expect(try await test.spool.isAnyOpen(of: [next]))
    }

    @Test("the view and the code agree on what is doubtful")
    func oneRule() async throws {
        let test = try TestSpool()

        let view = try await test.value(
            String.self,
            "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = 'deliveries'"
        )

        let code = [("doubtful", SinkConnections.isDoubtfulSQL), ("pending", SinkConnections.isPendingSQL)]
        for (name, sql) in code {
            #expect(Self.words(view).contains(Self.words("\(sql) AS \(name)")), "\(name)")
        }
    }

    private static func words(_ sql: String?) -> String {
        (sql ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test("a sink's report is stored; the age of its state begins with the first report of it")
    func reports() async throws {
        let test = try TestSpool()
        let (_, sink) = try await test.register().only()

        try await test.spool.report(
            SinkReport(state: .retrying, lastError: "refused", attempts: 1, retryAt: .t(7), at: .t(5)),
            of: sink
        )
        try await test.spool.report(
            SinkReport(state: .retrying, lastError: "refused", attempts: 2, retryAt: .t(9), at: .t(7)),
            of: sink
        )

        let status = try await test.spool.status().sinks[0]
        #expect(status.state == .retrying)
        #expect(status.stateSince == .t(5))
        #expect(status.attempts == 2)
        #expect(status.retryAt == .t(9))
    }

    @Test("the view `backlog` shows pending events by sink and stream, and the oldest of them")
    func backlogView() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, (1...3).map { .at($0) })
        try await test.spool.deliver(sink, limit: 1)

        let row = try await test.spool.read { db in
            try Row.fetchOne(db, sql: "SELECT sink, stream, waiting, oldest_id, oldest_occurred FROM backlog")
                .map {
                    let (sink, stream, waiting) = ($0[0] as String, $0[1] as String, $0[2] as Int)
                    return "\(sink) \(stream) \(waiting) \($0[3] as String) \($0[4] as String)"
                }
        }

        #expect(row == "siem contoso/activities 2 e2 2026-01-01T00:00:02.000Z")
    }
}

extension TestSpool {
    func plan(_ sql: String, arguments count: Int) async throws -> [String] {
        try await spool.read { db in
            try Row.fetchAll(
                db,
                sql: "EXPLAIN QUERY PLAN " + sql,
                arguments: StatementArguments(Array(repeating: 1, count: count))
            ).map { $0["detail"] }
        }
    }

    /// True when every ledger row's `events` is the number of its stream's events in its range.
    func ledgerIsTrue() async throws -> Bool {
        try await value(
            Int.self,
            """
            SELECT count(*) FROM ledger l WHERE events <>
                (SELECT count(*) FROM event e
                    WHERE e.stream_id = l.stream_id AND e.seq BETWEEN first_seq AND last_seq)
            """
        ) == 0
    }

    @Test(
        "events of a forgotten stream are no longer settled, but the rest of the transaction is"
    )
    func forgottenStream() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["contoso/activities", "contoso/alerts"])
        let sink = try #require(registration.sinks.values.first)
        let kept = try #require(registration.streams[StreamName("contoso/activities")!])
        let gone = try #require(registration.streams[StreamName("contoso/alerts")!])
        try await test.append(kept, [.at(1)])
        try await test.append(gone, [.at(2)])
        let before = try await test.spool.subscriptions(of: sink)
        _ = try await test.register(streams: ["contoso/activities"])
        try await test.spool.forget("contoso/alerts", at: .t(1_000))

        var commit = DeliveryCommit(sink: sink, at: .t(10))
        commit.entries = [
            .live(kept, Seq(1), Seq(1), events: 1),
            .live(
                gone,
                Seq(2),
                Seq(2),
                events: 1,
                outcome: .refused(Refusal(reason: "rejected", detail: ""))
            ),
        ]
        commit.watermarks = Dictionary(
            uniqueKeysWithValues: before.map { ($0.id, $0.stream == kept ? Seq(1) : Seq(2)) }
        )
        try await test.spool.settle(commit)

        #expect(before.count == 2)
        #expect(try await test.values("SELECT stream_id FROM ledger") == [kept.value])
        #expect(try await test.value(Int.self, "SELECT count(*) FROM dead_letter") == 0)
        #expect(try await test.spool.subscriptions(of: sink).map(\.watermark) == [Seq(1)])
    }

    @Test("a forgotten subscription's id is never reused, because batches in flight refer to it")
    func subscriptionNumbers() async throws {
        let test = try TestSpool()
        let streams = ["contoso/activities", "contoso/alerts"]
        let first = try await test.register(streams: streams)
        let sink = try #require(first.sinks.values.first)
        let before = try await test.spool.subscriptions(of: sink)
        _ = try await test.register(streams: ["contoso/activities"])
        try await test.spool.forget("contoso/alerts", at: .t(1_000))

        _ = try await test.register(streams: streams)

        let after = try await test.spool.subscriptions(of: sink)
        #expect(before.count == 2 && after.count == 2)
        #expect(Set(before.map(\.id)).intersection(after.map(\.id)).count == 1)
    }
}
