import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

/// Times in which a stream was not read as scheduled.
@Suite struct GapTests {
    @Test("an outage of the portal opens a gap, which heals when polls have read past it")
    func portalDown() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 100)

        try await test.spool.noteGaps(at: .t(400))
        let early = try await shown(test)
        try await test.spool.noteGaps(at: .t(401))
        try await test.spool.noteGaps(at: .t(900))
        let open = try await shown(test)
        try await poll(test, stream, from: 100, to: 1_000, first: true)
        let healing = try await shown(test)
        try await poll(test, stream, from: 100, to: 1_000, date: 1_100, at: 1_130, last: true)
        let healed = try await shown(test)

        #expect(early.isEmpty)
        #expect(open == ["100-? open, noticed 401"])
        #expect(healing == ["100-1000 healing, noticed 401"])
        #expect(healed == ["100-1000 healed 1130, noticed 401"])
    }

    @Test("downtime of the host becomes a gap with the first page after it")
    func hostDown() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 100)

        try await poll(test, stream, from: 100, to: 5_000)

        #expect(try await shown(test) == ["100-5000 healed 5000, noticed 5000"])
    }

    @Test("a pause is a gap even if the local clock was set back meanwhile")
    func clockSetBack() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 10_000)

        // Two hours later by the source's clock, while this machine's was set back by three.
        try await test.spool.followClock(to: .t(6_400))
        try await poll(test, stream, from: 10_000, to: 17_200, at: 6_400, first: true)
        let healing = try await shown(test)
        let ends = try await test.spool.openEnds(at: .t(6_400))
        // Silent again before the scan has ended, with the clock set back once more.
        try await test.spool.followClock(to: .t(3_000))
        try await poll(test, stream, from: 10_000, to: 17_200, date: 20_000, at: 3_000, last: true)
        let again = try await shown(test)
        try await poll(test, stream, from: 17_200, to: 20_010, at: 3_010)

        #expect(healing == ["10000-17200 healing, noticed 6400"])
        #expect(ends.values.map { [$0.from, $0.to] } == [[.t(10_000), .t(17_200)]])
        #expect(again == ["10000-20000 healing, noticed 3000"])
        #expect(try await shown(test) == ["10000-20000 healed 3010, noticed 3000"])
    }

    @Test("a clock that is set back while the source is silent closes no gap")
    func silentAndSetBack() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 10_000)
        try await test.spool.noteGaps(at: .t(10_301))

        try await test.spool.followClock(to: .t(500))
        let told = try await test.spool.coverage(healedSince: .t(0), at: .t(500))
        let ends = try await test.spool.openEnds(at: .t(500))

        #expect(told.map(\.from) == [.t(10_000)] && told.map(\.to) == [nil])
        // Its length is unknown then, not its existence.
        #expect(ends.values.map { [$0.from, $0.to] } == [[.t(10_000), .t(10_000)]])
        try await poll(test, stream, from: 10_000, to: 12_000, at: 600)
        #expect(try await shown(test) == ["10000-12000 healed 600, noticed 500"])
    }

    @Test("a scan that an outage interrupts ends before the gap, which the next poll heals")
    func cutScan() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 100)
        try await poll(test, stream, from: 100, to: 110, first: true)

        try await poll(test, stream, from: 100, to: 110, date: 5_000, at: 5_000, last: true)
        let between = try await shown(test)
        try await poll(test, stream, from: 110, to: 5_020)

        #expect(between == ["100-5000 healing, noticed 5000"])
        #expect(try await shown(test) == ["100-5000 healed 5020, noticed 5000"])
    }

    @Test("polls at their usual pace and long scans are not gaps")
    func usualPace() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 100)
        try await poll(test, stream, from: 100, to: 350)
        try await poll(test, stream, from: 350, to: 400, first: true)
        for second in stride(from: 500, through: 2_000, by: 250) {
            try await test.spool.noteGaps(at: .t(second))
            try await poll(test, stream, from: 350, to: 400, date: second, at: second, first: true)
        }
        try await poll(test, stream, from: 350, to: 400, date: 2_200, at: 2_200, last: true)
        try await poll(test, stream, from: 400, to: 2_210)

        #expect(try await shown(test).isEmpty)
    }

    @Test("a slow poll is a gap after four of its configured intervals")
    func slowPoll() async throws {
        let (test, stream) = try await Self.make(gapAfter: .hours(4))
        try await poll(test, stream, from: 0, to: 100)
        try await poll(test, stream, from: 100, to: 100 + 4 * 3_600)
        let usual = try await shown(test)
        try await test.spool.noteGaps(at: .t(100 + 8 * 3_600 + 1))

        #expect(usual.isEmpty)
        #expect(try await shown(test).count == 1)
    }

    @Test("a stream that was never read or is no longer configured has no gap")
    func notRead() async throws {
        let (test, stream) = try await Self.make()
        try await test.spool.noteGaps(at: .t(90_000))
        let never = try await shown(test)
        try await poll(test, stream, from: 0, to: 100)
        _ = try await test.spool.register(Topology(streams: [], sinks: []), at: .t(101))
        try await test.spool.noteGaps(at: .t(90_000))

        #expect(never.isEmpty)
        #expect(try await shown(test).isEmpty)
    }

    @Test(
        "time that was not read for too long is in `gaps` until it is read, recorded or not"
    )
    func view() async throws {
        let (test, stream) = try await Self.make()
        // The view uses the clock of this machine.
        let now = Int(Date().timeIntervalSince1970) - Int(Timestamp.t0.milliseconds / 1_000)
        try await poll(test, stream, from: 0, to: now - 900)

        let unnoted = try await uncovered(test)
        let told = try await test.spool.coverage(healedSince: .t(now), at: .t(now))
        let ends = try await test.spool.openEnds(at: .t(now))
        try await test.spool.noteGaps(at: .t(now))
        let noted = try await uncovered(test)
        try await poll(test, stream, from: now - 900, to: now, first: true)
        let healing = try await uncovered(test)
        let later = try await test.spool.openEnds(at: .t(now + 1_000))
        try await poll(test, stream, from: now - 900, to: now, last: true)
        let healed = try await uncovered(test)

        #expect(unnoted == ["open, from \(now - 900)"])
        #expect(told.map(\.from) == [.t(now - 900)])
        #expect(told.map(\.to) == [nil] && told.map(\.noticed) == [nil])
        #expect(ends.values.map { [$0.from, $0.to] } == [[.t(now - 900), .t(now)]])
        #expect(noted == unnoted)
        #expect(healing == ["healing, from \(now - 900) to \(now)"])
        #expect(
            later.values.map { [$0.from, $0.to] } == [[.t(now - 900), .t(now + 1_000)]],
            "an outage during healing opens it again"
        )
        #expect(healed.isEmpty)
    }

    @Test("the part of a healing gap that has been read is no longer a gap")
    func shrinks() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 100)
        try await test.spool.noteGaps(at: .t(9_000))

        try await poll(test, stream, from: 100, to: 2_000, date: 9_100, at: 9_100)
        let ends = try await test.spool.openEnds(at: .t(9_110))
        try await poll(test, stream, from: 2_000, to: 9_120)

        #expect(ends.values.map { [$0.from, $0.to] } == [[.t(2_000), .t(9_100)]])
        #expect(try await test.spool.openEnds(at: .t(9_120)).isEmpty)
    }

    @Test("gaps that healed long ago are not shown, and retention deletes them")
    func goesWithRetention() async throws {
        let (test, stream) = try await Self.make()
        try await poll(test, stream, from: 0, to: 100)
        try await poll(test, stream, from: 100, to: 5_000, events: [.at(10)])

        let atOnce = try await test.spool.coverage(healedSince: .t(5_000), at: .t(5_000)).count
        let later = try await test.spool.coverage(healedSince: .t(5_001), at: .t(5_001)).count
        let now = [stream: SourceTime(date: .t(10_000), sweepsBack: .zero)]
        _ = try await test.spool.prune(now: now, age: .seconds(4_000))

        #expect(atOnce == 1)
        #expect(later == 0)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM gap") == 0)
    }

    /// A page of a poll; the only one of its scan, unless it is the first or the last of several.
    private func poll(
        _ test: TestSpool,
        _ stream: StreamID,
        from: Int,
        to: Int,
        date: Int? = nil,
        at: Int? = nil,
        first: Bool = false,
        last: Bool = false,
        events: [Event] = []
    ) async throws {
        var commit = PageCommit.poll(stream, events, from: .t(from), to: .t(to))
        commit.page = .of(events, date: .t(date ?? to))
        commit.fetched = .t(at ?? to)
        // The cursor moves with the last page.
        let since = first ? from : to
        commit.progress = StreamProgress(start: .t0, cursor: Cursor(since: .t(since)), sweptTo: .t(1_000_000))
        if first { commit.ended = nil }
        if first || last {
            let running = try await test.value(
                Int64.self,
                "SELECT id FROM fetch_window WHERE state = 'running'"
            )
            commit.scan.window = running.map { WindowID($0) }
        }
        try await test.spool.append(commit)
    }

    /// The view `gaps`, in which an open end is the current time.
    private func uncovered(_ test: TestSpool) async throws -> [String] {
        try await test.spool.read { db in
            try Row.fetchAll(db, sql: "SELECT state, from_ms, to_ms FROM gaps ORDER BY from_ms").map { row in
                let (from, to): (Int64, Int64) = (row["from_ms"], row["to_ms"])
                func seconds(_ time: Int64) -> Int64 { (time - Timestamp.t0.milliseconds) / 1_000 }
                let state: String = row["state"]
                return "\(state), from \(seconds(from))" + (state == "open" ? "" : " to \(seconds(to))")
            }
        }
    }

    private func shown(_ test: TestSpool) async throws -> [String] {
        try await test.spool.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM coverage ORDER BY from_ms").map { row in
                func seconds(_ column: String) -> String {
                    (row[column] as Int64?).map { "\(($0 - Timestamp.t0.milliseconds) / 1_000)" } ?? ""
                }
                let end = seconds("to_ms")
                let state = "\(row["state"] as String) \(seconds("healed_ms"))"
                    .trimmingCharacters(in: .whitespaces)
                return "\(seconds("from_ms"))-\(end.isEmpty ? "?" : end) \(state), "
                    + "noticed \(seconds("noticed_ms"))"
            }
        }
    }

    private static func make(gapAfter: Duration = .minutes(5)) async throws -> (TestSpool, StreamID) {
        let test = try TestSpool()
        let name = StreamName(source: "contoso", stream: "activities")
        let registration = try await test.spool.register(
            Topology(
                streams: [.init(name: name, kind: .activity, filterHash: "f", gapAfter: gapAfter)],
                sinks: []
            ),
            at: .t0
        )
        let stream = try #require(registration.streams[name])
        try await test.spool.begin(stream, start: .t0, sweptTo: .t(1_000_000))
        return (test, stream)
    }
}
