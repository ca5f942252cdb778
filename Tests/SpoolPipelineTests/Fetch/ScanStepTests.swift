import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("Changes by a page")
struct ScanStepTests {
    let now = Sample.now

    private func commit(
        _ events: [Event],
        of scan: Scan,
        _ progress: StreamProgress,
        stream: SourceStream = Sample.activities,
        date: Timestamp? = nil,
        next: String? = nil
    ) -> PageCommit {
        ScanStep.commit(
            Sample.page(events, date: date ?? now, next: next),
            of: scan,
            stream: stream,
            id: StreamID(1),
            progress: progress,
            fetched: now
        )
    }

    private func poll(from: Duration, to: Duration? = nil) -> Scan {
        Scan(reason: .poll, from: now - from, to: to.map { now - $0 }, filterHash: "f1")
    }

    private func progress(since: Duration, swept: Duration = .minutes(10)) -> StreamProgress {
        StreamProgress(start: now - .days(180), cursor: Cursor(since: now - since), sweptTo: now - swept)
    }

    @Test(
        "a scan with many records, all from outside its window, proves nothing",
        arguments: [(100, 0, WindowState.unproved), (99, 0, .complete), (100, 1, .complete)]
    )
    func foreign(outside: Int, inside: Int, expected: WindowState) {
        func record(_ index: Int, isOutside: Bool) -> PageRecord {
            PageRecord(
                raw: 0..<0,
                event: Sample.event("\(isOutside) \(index)"),
                hasOwnTime: !isOutside,
                isOutside: isOutside
            )
        }
        var scan = poll(from: .hours(1), to: .minutes(30))
        let all =
            (0..<outside).map { record($0, isOutside: true) }
            + (0..<inside).map { record($0, isOutside: false) }
        let half = all.count / 2
        let pages = [
            Page(body: [], records: Array(all[..<half]), date: now, next: "2"),
            Page(body: [], records: Array(all[half...]), date: now, next: nil),
        ]
        scan = ScanStep.advance(scan, past: pages[0]).scan
        #expect(ScanStep.advance(scan, past: pages[1]).ended == expected)
    }

    @Test("a page in the middle moves only the scan")
    func middle() {
        let before = progress(since: .hours(1))
        let commit = commit(
            [Sample.event("a", created: now - .minutes(3))],
            of: poll(from: .hours(1)),
            before,
            next: "2"
        )

        #expect(commit.progress.cursor?.since == now - .hours(1))
        #expect(commit.progress.cursor?.scan?.position == "2")
        #expect(commit.progress.cursor?.scan?.firstDate == now)
        #expect(commit.progress.cursor?.scan?.greatest == now - .minutes(3))
        #expect(commit.ended == nil)
        #expect(commit.windowEnd == now)
    }

    @Test("the last page of an open poll moves since to the latest record of all its pages, in any order")
    func greatest() {
        var scan = poll(from: .hours(1))
        scan.greatest = now - .minutes(2)
        scan.firstDate = now - .minutes(1)
        let commit = commit(
            [Sample.event("a", created: now - .minutes(30))],
            of: scan,
            progress(since: .hours(1))
        )

        #expect(commit.progress.cursor == Cursor(since: now - .minutes(2)))
        #expect(commit.ended == .complete)
    }

    @Test(
        "a record dated 2099, or saved during the scan, moves since no farther than the scan's first answer"
    )
    func farFuture() {
        var scan = poll(from: .hours(1))
        scan.firstDate = now - .minutes(1)
        let commit = commit(
            [Sample.event("a", created: now + .days(27_000))],
            of: scan,
            progress(since: .hours(1))
        )

        #expect(commit.progress.cursor?.since == now - .minutes(1))
    }

    @Test("an unreadable record moves nothing")
    func unreadable() {
        let commit = commit(
            [Sample.event("a", created: now, isReadable: false)],
            of: poll(from: .hours(1)),
            progress(since: .hours(1))
        )

        #expect(commit.progress.cursor?.since == now - .hours(1))
    }

    @Test("after a month without records, since follows at a distance of 7 days")
    func silentMonth() {
        let commit = commit([], of: poll(from: .days(29)), progress(since: .days(29)))

        #expect(commit.progress.cursor?.since == now - .days(7))
    }

    @Test("a bounded scan moves since to its bound, with or without records")
    func bounded() {
        let scan = poll(from: .days(50), to: .days(43))
        let empty = commit([], of: scan, progress(since: .days(50)))
        let full = commit([Sample.event("a", created: now - .days(48))], of: scan, progress(since: .days(50)))

        #expect(empty.progress.cursor?.since == now - .days(43))
        #expect(full.progress.cursor?.since == now - .days(43))
        #expect(empty.ended == .unproved)
        #expect(full.ended == .complete)
    }

    @Test(
        "an empty window is unproved if any part of it is older than 30 days",
        arguments: [
            (40, 33, WindowState.unproved), (33, 26, .unproved), (30, 23, .complete), (9, 2, .complete),
        ]
    )
    func unproved(from: Int, to: Int, state: WindowState) {
        let commit = commit([], of: poll(from: .days(from), to: .days(to)), progress(since: .days(from)))

        #expect(commit.ended == state)
    }

    @Test("the last page of a sweep moves swept_to to its end and does not affect polls")
    func sweep() {
        let before = progress(since: .seconds(10), swept: .minutes(15))
        let scan = Scan(reason: .sweep, from: now - .minutes(15), to: now - .minutes(10), filterHash: "f1")
        let middle = commit([], of: scan, before, next: "2")
        let last = commit([], of: scan, before)

        #expect(middle.progress.sweptTo == before.sweptTo)
        #expect(middle.progress.sweep?.position == "2")
        #expect(last.progress.sweptTo == now - .minutes(10))
        #expect(last.progress.sweep == nil)
        #expect(last.progress.sweepEnded == now)
        #expect(last.progress.cursor == before.cursor)
    }

    @Test("an open sweep ends at the date of its first answer, not of its last")
    func openSweep() {
        var scan = Scan(reason: .sweep, from: now - .hours(49), to: nil, filterHash: "f1")
        scan.firstDate = now - .minutes(4)
        let commit = commit([], of: scan, progress(since: .zero, swept: .hours(1)), stream: Sample.alerts)

        #expect(commit.progress.sweptTo == now - .minutes(4))
    }

    @Test("since and swept_to never move back, whatever the pages contain", arguments: 1...20)
    func neverBack(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var progress = progress(since: .days(40), swept: .days(40))
        for _ in 0..<200 {
            let from = Duration.hours(Int.random(in: 0...1_200, using: &random))
            let width = Duration.hours(Int.random(in: 1...168, using: &random))
            var scan = Scan(
                reason: Bool.random(using: &random) ? .poll : .sweep,
                from: now - from,
                to: Bool.random(using: &random) ? now - from + width : nil,
                filterHash: "f1"
            )
            if Bool.random(using: &random) {
                scan.firstDate = now - .hours(Int.random(in: 0...900, using: &random))
            }
            let created = now - .hours(Int.random(in: -90_000...90_000, using: &random))
            let after = commit(
                Bool.random(using: &random) ? [Sample.event("a", created: created)] : [],
                of: scan,
                progress,
                stream: Bool.random(using: &random) ? Sample.alerts : Sample.activities,
                date: now - .hours(Int.random(in: 0...900, using: &random)),
                next: Bool.random(using: &random) ? "p" : nil
            ).progress
            #expect(after.cursor?.since ?? now >= progress.cursor?.since ?? now, "seed \(seed)")
            #expect(after.sweptTo ?? now >= progress.sweptTo ?? now, "seed \(seed)")
            progress = after
        }
    }
}
