import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite struct PageStoreTests {
    @Test("a batch returns a page's events in order, with all texts and raw bytes")
    func appendThenBatch() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        let events = [Event.at(1), .at(2, message: "naïve\nтест 漢字")]

        let receipt = try await test.append(stream, events)
        let batch = try #require(
            try await test.spool.batch(of: stream, after: Seq(0), limit: BatchLimit(), raw: true)
        )

        #expect(receipt.inserted == 2)
        #expect(batch.ids == ["e1", "e2"])
        #expect(batch.string(.message, at: 1) == "naïve\nтест 漢字")
        #expect(batch.string(.raw, at: 1) == "{\"_id\":\"e2\"}")
        #expect(batch.occurred == [Timestamp.t(1).milliseconds, Timestamp.t(2).milliseconds])
        #expect(batch.severities == [1, 1])
        #expect(batch.string(.link, at: 0) == "")
        #expect(batch.breaks == [])
    }

    @Test("every text column is returned in its own position")
    func everyColumn() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        var event = Event.at(1)
        event.action = "action"
        event.userName = "user"
        event.appName = "app"
        event.appID = "1,2"
        event.ip = "192.0.2.1"
        event.country = "DE"
        event.userAgent = "agent"
        event.objects = "a,,b"
        event.policies = "p"
        event.link = "link"
        event.severity = nil
        var expected = EventBatch(stream: stream)
        expected.append(event, seq: Seq(1), raw: Array("{\"_id\":\"e1\"}".utf8))

        try await test.append(stream, [event])
        let batch = try #require(
            try await test.spool.batch(of: stream, after: Seq(0), limit: BatchLimit(), raw: true)
        )

        #expect(batch.text == expected.text)
        #expect(batch.ends == expected.ends)
        #expect(batch.severities == [-1])
        #expect(batch.kinds == [1])
    }

    @Test("raw bytes that are not UTF-8, contain a NUL or are empty are stored unchanged")
    func rawBytesUnchanged() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        let raws: [[UInt8]] = [[0x22, 0xff, 0xfe, 0x22], [0x61, 0x00, 0x62], []]
        var body: [UInt8] = []
        var records: [PageRecord] = []
        for (index, raw) in raws.enumerated() {
            records.append(PageRecord(raw: body.count..<(body.count + raw.count), event: .at(index)))
            body += raw
        }
        var commit = PageCommit.poll(stream, [])
        commit.page = Page(body: body, records: records, date: .t(9), next: nil)

        _ = try await test.spool.append(commit)
        let batch = try #require(
            try await test.spool.batch(of: stream, after: Seq(0), limit: BatchLimit(), raw: true)
        )

        for (index, raw) in raws.enumerated() {
            #expect(Array(batch.text[batch.range(of: .raw, at: index)]) == raw)
        }
    }

    @Test(
        "a known record inserts nothing; if its bytes differ it counts as changed, and the first ones stay"
    )
    func knownRecords() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1), .at(2)])

        let receipt = try await test.append(stream, [.at(1), .at(2, message: "changed"), .at(3)]) { event in
            event.externalID == "e2" ? "{\"_id\":\"e2\",\"new\":1}" : "{\"_id\":\"\(event.externalID)\"}"
        }

        #expect(receipt.inserted == 1)
        #expect(receipt.changed == 1)
        let raw = try await test.value(String.self, "SELECT raw FROM events WHERE id = 'e2'")
        #expect(raw == "{\"_id\":\"e2\"}")
        #expect(
            try await test.value(Int.self, "SELECT changed FROM fetch_window ORDER BY id DESC LIMIT 1") == 1
        )
    }

    @Test("the same id in two streams is two events")
    func idsArePerStream() async throws {
        let test = try TestSpool()
        let streams = try await test.register(streams: ["a/x", "b/x"]).streams.values

        for stream in streams { try await test.append(stream, [.at(1)]) }

        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 2)
    }

    @Test("an unreadable record is inserted and counted")
    func unreadable() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        let event = Event(
            externalID: "sha",
            kind: .activity,
            isReadable: false,
            occurred: .t(1),
            created: .t(1)
        )

        let receipt = try await test.append(stream, [event])

        #expect(receipt.unreadable == 1)
        #expect(try await test.spool.status().streams[0].unreadable == 1)
    }

    /// A spool that delivered e1 … e9 and from which retention then deleted e1 … e5.
    private static func pruned() async throws -> (test: TestSpool, stream: StreamID, sink: SinkID) {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        try await test.append(stream, (1...9).map { .at($0) })
        try await test.spool.deliver(sink)
        #expect(try await prune(test, stream) == 5)
        return (test, stream, sink)
    }

    /// Deletes settled events that were created before 5.5 s.
    private static func prune(_ test: TestSpool, _ stream: StreamID) async throws -> Int {
        let now = [stream: SourceTime(date: .t(105) + .milliseconds(500), sweepsBack: .zero)]
        return try await test.spool.prune(now: now, age: .seconds(100)).events
    }

    @Test("a scan over deleted events does not insert them as new, but counts them")
    func belowPrunedTo() async throws {
        let (test, stream, _) = try await Self.pruned()

        let receipt = try await test.append(stream, [.at(4), .at(5), .at(6), .at(10)])
        let again = try await test.append(stream, [.at(4), .at(10)])

        #expect(receipt.inserted == 1 && receipt.skipped == 2)
        #expect(again.inserted == 0 && again.skipped == 1)
        #expect(try await test.value(Int.self, "SELECT skipped FROM stream") == 3)
        #expect(try await test.values("SELECT count(*) FROM event WHERE external_id IN ('e4', 'e5')") == [0])
    }

    @Test("a record outside the scan's window is inserted, even if retention has passed its time")
    func belowWindow() async throws {
        let (test, stream, _) = try await Self.pruned()

        for reason in [Scan.Reason.poll, .sweep] {
            var commit = PageCommit.poll(stream, [.at(3, "late \(reason)")], from: .t(6))
            commit.scan.reason = reason
            let receipt = try await test.spool.append(commit)

            #expect(receipt.inserted == 1 && receipt.skipped == 0)
        }
    }

    @Test(
        "a record without its own time is created when fetched: inserted once, and not deleted immediately"
    )
    func withoutOwnTime() async throws {
        let (test, stream, sink) = try await Self.pruned()
        var commit = PageCommit.poll(stream, [.at(1, "late")], from: .t0, to: .t(110))
        commit.page = Page(
            body: commit.page.body,
            records: commit.page.records.map { PageRecord(raw: $0.raw, event: $0.event, hasOwnTime: false) },
            date: .t(110),
            next: nil
        )

        let first = try await test.spool.append(commit)
        try await test.spool.deliver(sink)
        let pruned = try await Self.prune(test, stream)
        let second = try await test.spool.append(commit)

        #expect(first.inserted == 1 && first.skipped == 0)
        #expect(pruned == 0)
        #expect(second.inserted == 0 && second.skipped == 0)
        let times = "SELECT occurred_ms, created_ms FROM event WHERE external_id = 'late'"
        let row = try await test.spool.read { db in
            try Row.fetchOne(db, sql: times).map { [$0[0] as Int64, $0[1] as Int64] }
        }
        #expect(row == [Timestamp.t(1).milliseconds, Timestamp.t(110).milliseconds])
    }

    @Test("a scan of two pages has one window, to which the scan stored between them refers")
    func windowOfTwoPages() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(stream, start: .t0, sweptTo: .t0)
        var scan = Scan(reason: .poll, from: .t0, to: nil, filterHash: "f")
        scan.position = "next"
        var first = PageCommit.poll(stream, [.at(1)])
        first.ended = nil
        first.progress.cursor = Cursor(since: .t0, scan: scan)

        let receipt = try await test.spool.append(first)
        let between = try await test.spool.progress(of: stream)
        var second = PageCommit.poll(stream, [.at(2)], to: .t(100))
        second.scan = try #require(between.cursor?.scan)
        _ = try await test.spool.append(second)

        #expect(between.cursor?.scan?.window == receipt.window)
        #expect(between.cursor?.scan?.position == "next")
        let after = try await test.spool.progress(of: stream)
        #expect(after.cursor == Cursor(since: .t(100)))
        let row = try await test.spool.read { db in
            try Row.fetchAll(db, sql: "SELECT state, pages, seen, inserted FROM fetch_window").map {
                "\($0[0] as String) \($0[1] as Int) \($0[2] as Int) \($0[3] as Int)"
            }
        }
        #expect(row == ["complete 2 2 2"])
    }

    @Test("a stream begins once; since and swept_to never move back")
    func progressOnlyGrows() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(stream, start: .t(10), sweptTo: .t(5))
        try await test.spool.begin(stream, start: .t(99), sweptTo: .t(99))
        _ = try await test.spool.append(.poll(stream, [], to: .t(50)))
        var back = PageCommit.poll(stream, [], to: .t(60))
        back.progress.cursor = Cursor(since: .t(20))
        _ = try await test.spool.append(back)
        var sweep = PageCommit.poll(stream, [], to: .t(60))
        sweep.scan = Scan(reason: .sweep, from: .t(5), to: .t(40), filterHash: "f")
        sweep.progress.sweptTo = .t(1)
        sweep.progress.sweepEnded = .t(60)

        _ = try await test.spool.append(sweep)

        let progress = try await test.spool.progress(of: stream)
        #expect(progress.start == .t(10))
        #expect(progress.cursor?.since == .t(50))
        #expect(progress.sweptTo == .t(5))
        #expect(progress.sweepEnded == .t(60))
    }

    @Test("a sweep's page does not change the cursor, a poll's page does not change the sweep")
    func pollAndSweepApart() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(stream, start: .t0, sweptTo: .t0)
        var sweep = PageCommit.poll(stream, [], to: .t(60))
        sweep.scan = Scan(reason: .sweep, from: .t0, to: .t(40), filterHash: "f")
        sweep.ended = nil
        sweep.progress = StreamProgress(cursor: Cursor(since: .t(999)), sweep: sweep.scan)
        let receipt = try await test.spool.append(sweep)

        _ = try await test.spool.append(.poll(stream, [], to: .t(70)))

        let progress = try await test.spool.progress(of: stream)
        #expect(progress.cursor?.since == .t(70))
        #expect(progress.sweep?.window == receipt.window)
    }

    @Test("adjacent empty windows are merged and stay complete; a window with records stays separate")
    func mergesEmptyWindows() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        _ = try await test.spool.append(.poll(stream, [], from: .t(0), to: .t(10)))
        _ = try await test.spool.append(.poll(stream, [], from: .t(10), to: .t(20)))
        _ = try await test.spool.append(.poll(stream, [.at(25)], from: .t(20), to: .t(30)))
        _ = try await test.spool.append(.poll(stream, [], from: .t(28), to: .t(40)))
        _ = try await test.spool.append(.poll(stream, [], from: .t(41), to: .t(50)))

        let windows = try await test.values(
            "SELECT (from_ms - ?1) / 1000 * 1000 + (to_ms - ?1) / 1000 FROM fetch_window ORDER BY from_ms",
            [Timestamp.t0.milliseconds]
        )

        #expect(windows == [20, 20_030, 28_040, 41_050])
    }

    @Test("an abandoned scan's window is marked, and the scan is removed")
    func abandons() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(stream, start: .t0, sweptTo: .t0)
        var commit = PageCommit.poll(stream, [.at(1)])
        commit.ended = nil
        commit.progress.cursor = Cursor(since: .t0, scan: commit.scan)
        _ = try await test.spool.append(commit)
        let scan = try #require(try await test.spool.progress(of: stream).cursor?.scan)

        try await test.spool.abandon(scan, of: stream, at: .t(5))

        #expect(try await test.spool.progress(of: stream).cursor == Cursor(since: .t0))
        #expect(try await test.value(String.self, "SELECT state FROM fetch_window") == "abandoned")
    }

    @Test("an error is stored for the status, and cleared")
    func trouble() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)

        try await test.spool.report(
            StreamTrouble(state: "invalid token", message: "401", since: .t(3)),
            of: stream
        )
        let during = try await test.spool.status().streams[0]
        try await test.spool.report(nil, of: stream)
        let after = try await test.spool.status().streams[0]

        #expect(during.state == "invalid token")
        #expect(during.troubleSince == .t(3))
        #expect(after.state == "connected")
        #expect(after.trouble == nil)
    }

    @Test("a cancelled task's page is stored completely or not at all, and cancellation is not an error")
    func cancellation() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)

        let task = Task {
            try await test.append(stream, (0..<500).map { .at($0) })
        }
        task.cancel()
        let receipt = try await task.value

        #expect(receipt.inserted == 500)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 500)
    }

    @Test("the view `gaps` shows what no complete window with the current filters covers, up to the cursor")
    func gaps() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.spool.begin(stream, start: .t0, sweptTo: .t0)
        _ = try await test.spool.append(.poll(stream, [.at(5)], from: .t(0), to: .t(10)))
        var abandoned = PageCommit.poll(stream, [.at(15)], from: .t(10), to: .t(20))
        abandoned.ended = .abandoned
        _ = try await test.spool.append(abandoned)
        var unproved = PageCommit.poll(stream, [], from: .t(20), to: .t(25))
        unproved.ended = .unproved
        _ = try await test.spool.append(unproved)
        _ = try await test.spool.append(.poll(stream, [.at(35)], from: .t(30), to: .t(40)))

        let before = try await test.gapSeconds()
        _ = try await test.register(streams: ["contoso/activities"])
        var other = PageCommit.poll(stream, [.at(45)], from: .t(12), to: .t(50))
        other.scan.filterHash = "g"
        _ = try await test.spool.append(other)
        let after = try await test.gapSeconds()

        #expect(before == [[10, 30]])
        #expect(after == [[0, 12]])
    }
}

extension TestSpool {
    /// Beginning and end of each gap before the cursor, in seconds after `t0`.
    func gapSeconds() async throws -> [[Int64]] {
        try await spool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT from_ms, to_ms FROM gaps WHERE state = 'unproved' ORDER BY from_ms"
            )
            .map {
                [
                    (($0[0] as Int64) - Timestamp.t0.milliseconds) / 1_000,
                    (($0[1] as Int64) - Timestamp.t0.milliseconds) / 1_000,
                ]
            }
        }
    }
}
