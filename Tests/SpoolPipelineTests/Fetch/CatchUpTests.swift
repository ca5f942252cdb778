import SpoolCore
import SpoolPipeline
import Testing

@Suite("Catching up of a stream that is far behind")
struct CatchUpTests {
    let now = Sample.now

    /// Reads until there is nothing left; a window has `pagesPerHour` pages per hour of its width.
    private func catchUp(
        _ stream: SourceStream = Sample.activities,
        from age: Duration,
        swept: Duration,
        pagesPerHour: Int,
        limit: Int = 20_000,
        pageBytes: Int = 0,
        room: Int64 = .max
    ) -> (scans: [Scan], pages: Int, progress: StreamProgress) {
        var plan = FetchPlan(stream: stream, pollInterval: .seconds(15))
        plan.room = room
        var progress = StreamProgress(
            start: now - .days(180),
            cursor: Cursor(since: now - age),
            sweptTo: now - swept
        )
        var scans: [Scan] = []
        var pages = 0
        while pages < limit {
            let step = plan.next(progress, date: now, elapsed: .zero)
            if case .abandon(let scan) = step {
                if scan.reason == .poll { progress.cursor?.scan = nil } else { progress.sweep = nil }
            }
            if case .wait = step { break }
            guard case .read(let scan, _) = step else { continue }
            pages += 1
            plan.notePage(scan, records: pagesPerHour > 0 ? 5_000 : 0, bytes: pageBytes)
            if scan.position == nil { scans.append(scan) }
            let width = (scan.to ?? now).since(scan.from)
            let whole = max(1, Int(width / .seconds(1)) * pagesPerHour / 3600)
            let page = (scan.position.flatMap { Int($0) } ?? 0) + 1
            progress =
                ScanStep.commit(
                    Sample.page([], date: now, next: page < whole ? "\(page)" : nil),
                    of: scan,
                    stream: stream,
                    id: StreamID(1),
                    progress: progress,
                    fetched: now
                ).progress
        }
        return (scans, pages, progress)
    }

    @Test("no scan of a busy stream has much more than a few dozen pages, however long the outage")
    func boundedScans() throws {
        let (scans, pages, progress) = catchUp(from: .days(3), swept: .days(3), pagesPerHour: 72)

        let pagesOf = { (scan: Scan) in Int((scan.to ?? now).since(scan.from) / .seconds(1)) * 72 / 3600 }
        #expect(scans.allSatisfy { pagesOf($0) * 5_000 <= 2 * CatchUpWindow.many })
        #expect(try #require(progress.cursor).since >= now - CatchUpWindow.first * 2)
        #expect(pages < 3 * 24 * 72 * 11 / 10)
    }

    @Test("no scan fetches more than a fraction of the spool's capacity, however small that is")
    func smallRoom() throws {
        let (scans, pages, progress) = catchUp(
            from: .hours(6),
            swept: .hours(6),
            pagesPerHour: 72,
            pageBytes: 1_000,
            room: 32_000
        )

        #expect(try #require(progress.cursor).since >= now - CatchUpWindow.first * 2)
        #expect(
            scans.suffix(20).allSatisfy { (scan: Scan) in
                (scan.to ?? now).since(scan.from) <= .minutes(4)
            }
        )
        #expect(pages < 6 * 72 * 3)
    }

    @Test("a scan is not abandoned for records that the spool has already, however small its capacity")
    func knownRecords() throws {
        let (_, pages, progress) = catchUp(
            from: .hours(6),
            swept: .hours(6),
            pagesPerHour: 72,
            pageBytes: 0,
            room: 1
        )

        #expect(try #require(progress.cursor).since >= now - CatchUpWindow.first * 2)
        #expect(pages < 6 * 72 * 2)
    }

    @Test("a stream with every page too large for the capacity abandons scans a bounded number of times")
    func noRoom() {
        var plan = FetchPlan(stream: Sample.activities, pollInterval: .seconds(15))
        plan.room = 1
        var progress = StreamProgress(
            start: now - .days(180),
            cursor: Cursor(since: now - .hours(2)),
            sweptTo: now
        )
        var given = 0
        for _ in 0..<200 {
            switch plan.next(progress, date: now, elapsed: .zero) {
            case .abandon:
                given += 1
                progress.cursor?.scan = nil
            case .read(var scan, _):
                plan.notePage(scan, records: 10, bytes: 1_000)
                scan.position = "next"
                progress.cursor?.scan = scan
            case .wait: break
            }
        }

        #expect(given > 0 && given <= 8)
    }

    @Test("a quiet stream catches up two days within a dozen requests, until an open poll reads the rest")
    func quiet() {
        let (scans, pages, _) = catchUp(from: .days(2), swept: .minutes(10), pagesPerHour: 0)

        #expect(pages <= 12)
        #expect(scans.last { $0.reason == .poll }?.to == now - CatchUpWindow.first)
    }

    @Test("catch-up windows are contiguous, at most 7 days wide, and never end near the source's time")
    func windowsJoin() {
        let (scans, _, _) = catchUp(from: .days(120), swept: .minutes(10), pagesPerHour: 0)

        let polls = scans.filter { $0.reason == .poll }
        for (one, next) in zip(polls, polls.dropFirst()) {
            #expect(one.to.map { $0 >= next.from && $0.since(one.from) <= .days(7) } == true)
            #expect(one.to.map { now.since($0) >= CatchUpWindow.first } == true)
        }
        #expect(polls.count < 40)
        #expect(polls.last?.to == now - CatchUpWindow.first)
    }

    @Test("swept_to follows since while catching up, so that retention can follow both")
    func sweptAlong() throws {
        let (scans, _, progress) = catchUp(from: .days(3), swept: .days(3) + .minutes(10), pagesPerHour: 72)

        let sweeps = scans.filter { $0.reason == .sweep }
        #expect(scans.first?.reason == .sweep)
        #expect(sweeps.count <= 2)
        #expect(try #require(progress.sweptTo) >= now - .minutes(15))
    }

    @Test("a window that polls read before the end of the look-back is swept later")
    func longLookBack() throws {
        let stream = Sample.stream("s", .activity, lookBack: .hours(5))
        let (_, _, progress) = catchUp(stream, from: .days(1), swept: .days(1), pagesPerHour: 10)

        let sweptTo = try #require(progress.sweptTo)
        #expect(sweptTo >= now - .hours(5) - .minutes(5) && sweptTo <= now - .hours(5))
    }

    @Test("a failing sweep of the time before a catch-up window does not delay the polls")
    func sweepFails() {
        var plan = FetchPlan(stream: Sample.activities, pollInterval: .seconds(15))
        let progress = StreamProgress(
            start: now - .days(180),
            cursor: Cursor(since: now - .days(3)),
            sweptTo: now - .days(3) - .minutes(10)
        )
        guard case .read(let sweep, .sweep) = plan.next(progress, date: now, elapsed: .zero) else {
            Issue.record("no sweep first")
            return
        }
        plan.noteFailure(sweep)

        guard case .read(let poll, .poll) = plan.next(progress, date: now, elapsed: .zero) else {
            Issue.record("no poll after it")
            return
        }
        #expect(poll.to != nil)
    }
}
