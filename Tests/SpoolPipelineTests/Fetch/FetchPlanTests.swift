import SpoolCore
import SpoolPipeline
import Testing

@Suite("Fetch plan")
struct FetchPlanTests {
    let now = Sample.now

    private func plan(_ stream: SourceStream = Sample.activities) -> FetchPlan {
        FetchPlan(stream: stream, pollInterval: .seconds(15))
    }

    private func progress(since: Duration, swept: Duration, start: Duration = .days(180)) -> StreamProgress {
        StreamProgress(start: now - start, cursor: Cursor(since: now - since), sweptTo: now - swept)
    }

    private func scanned(_ step: FetchPlan.Step) -> Scan? {
        if case .read(let scan, _) = step { return scan }
        return nil
    }

    @Test("a poll starts a little before since and has an open end")
    func poll() {
        var plan = plan()
        let step = plan.next(progress(since: .minutes(1), swept: .minutes(12)), date: now, elapsed: .zero)

        let expected = Scan(reason: .poll, from: now - .seconds(65), to: nil, filterHash: "f1")
        #expect(step == .read(expected, .poll))
    }

    @Test("the next poll waits for its interval, counted from the start of the last")
    func interval() {
        var plan = plan()
        let progress = progress(since: .minutes(1), swept: .minutes(12))
        _ = plan.next(progress, date: now, elapsed: .seconds(100))

        #expect(plan.next(progress, date: now, elapsed: .seconds(104)) == .wait(.seconds(11)))
        #expect(scanned(plan.next(progress, date: now, elapsed: .seconds(115)))?.reason == .poll)
    }

    @Test("a poll whose first page failed is due again immediately")
    func failedPoll() throws {
        var plan = plan()
        let progress = progress(since: .minutes(1), swept: .minutes(12))
        let first = try #require(scanned(plan.next(progress, date: now, elapsed: .zero)))

        plan.noteFailure(first)

        #expect(plan.next(progress, date: now, elapsed: .seconds(1)) == .read(first, .poll))
    }

    @Test(
        "only a poll that chased the end of a busy stream is followed by one with an upper bound",
        arguments: [(9, true), (2, false)]
    )
    func chasing(pages: Int, isBounded: Bool) {
        var plan = plan()
        var progress = progress(since: .minutes(1), swept: .minutes(12))
        for page in 0..<pages {
            _ = plan.next(progress, date: now, elapsed: .seconds(page * 10))
            var stored = Scan(reason: .poll, from: now - .minutes(1), to: nil, filterHash: "f1")
            stored.position = "\(page)"
            progress.cursor?.scan = stored
        }
        progress.cursor?.scan = nil
        let next = scanned(plan.next(progress, date: now, elapsed: .seconds(100)))

        #expect(next?.reason == .poll)
        #expect(next?.to == (isBounded ? now : nil))
    }

    @Test("no poll reads below the start")
    func pollAtStart() {
        var plan = plan()
        let progress = progress(since: .days(2), swept: .days(2), start: .days(2))

        #expect(scanned(plan.next(progress, date: now, elapsed: .zero))?.from == now - .days(2))
    }

    @Test("a sweep of activities covers what is older than the look-back")
    func activitySweep() {
        var plan = plan()
        let progress = progress(since: .zero, swept: .minutes(15))
        _ = plan.next(progress, date: now, elapsed: .zero)
        let step = plan.next(progress, date: now, elapsed: .seconds(1))

        let expected = Scan(
            reason: .sweep,
            from: now - .minutes(15),
            to: now - .minutes(10),
            filterHash: "f1"
        )
        #expect(step == .read(expected, .sweep))
    }

    @Test("a sweep of alerts reaches back by the look-back and has an open end")
    func alertSweep() {
        var plan = plan(Sample.alerts)
        let progress = progress(since: .zero, swept: .minutes(10))
        _ = plan.next(progress, date: now, elapsed: .zero)
        let step = plan.next(progress, date: now, elapsed: .seconds(1))

        let expected = Scan(
            reason: .sweep,
            from: now - .minutes(10) - .hours(48),
            to: nil,
            filterHash: "f1"
        )
        #expect(step == .read(expected, .sweep))
    }

    @Test(
        "no sweep reads below the start, or before it is due",
        arguments: [Sample.activities, Sample.alerts]
    )
    func sweepAtStart(stream: SourceStream) {
        var plan = plan(stream)
        let late = progress(since: .zero, swept: .minutes(30), start: .minutes(20))
        _ = plan.next(late, date: now, elapsed: .zero)

        #expect(scanned(plan.next(late, date: now, elapsed: .seconds(1)))?.from ?? now >= now - .minutes(20))
        let fresh = progress(since: .zero, swept: stream.sweepsBack ? .minutes(1) : .minutes(11))
        #expect(scanned(plan.next(fresh, date: now, elapsed: .seconds(1))) == nil)
    }

    @Test("while both have work, a sweep gets every thirteenth page, whether polls succeed or not")
    func turns() {
        var plan = plan()
        var progress = progress(since: .minutes(1), swept: .hours(5))
        var poll = Scan(reason: .poll, from: now - .minutes(2), to: nil, filterHash: "f1")
        poll.position = "p"
        progress.cursor?.scan = poll
        let reasons = (0..<26).map { scanned(plan.next(progress, date: now, elapsed: .seconds($0)))?.reason }

        let turn = Array(repeating: Scan.Reason.poll, count: 12) + [.sweep]
        #expect(reasons == turn + turn)
    }

    @Test("late alerts from before a three-day outage are swept from where sweeps stopped")
    func pause() throws {
        var plan = plan(Sample.alerts)
        let progress = progress(since: .zero, swept: .days(3))
        _ = plan.next(progress, date: now, elapsed: .zero)
        let sweep = try #require(scanned(plan.next(progress, date: now, elapsed: .seconds(1))))

        #expect(sweep.reason == .sweep)
        #expect(sweep.from == now - .days(3) - .hours(48))
        #expect(sweep.to == nil)
    }

    @Test(
        "sweeps after a long outage finish in windows of 7 days, with any look-back",
        arguments: [Duration.minutes(10), .hours(48), .days(7), .days(14), .days(30)],
        [Sample.activities, Sample.alerts]
    )
    func longPause(lookBack: Duration, kind: SourceStream) throws {
        let stream = Sample.stream("s", kind.kind, lookBack: lookBack)
        var plan = plan(stream)
        var progress = progress(since: .zero, swept: .days(60))
        var covered = now - .days(60) - (stream.sweepsBack ? lookBack : .zero)
        var sweeps = 0
        while let scan = scanned(plan.next(progress, date: now, elapsed: .zero)), sweeps < 40 {
            if scan.reason == .sweep {
                sweeps += 1
                #expect(scan.from <= covered)
                let end = scan.to ?? now
                if now.since(scan.from) > .days(31) { #expect(end.since(scan.from) <= .days(7)) }
                covered = max(covered, end)
            }
            let before = progress.sweptTo
            progress =
                ScanStep.commit(
                    Sample.page([], date: now),
                    of: scan,
                    stream: stream,
                    id: StreamID(1),
                    progress: progress,
                    fetched: now
                ).progress
            if scan.reason == .sweep { #expect(progress.sweptTo ?? now > before ?? now) }
        }

        #expect(sweeps > 1 && sweeps < 20)
        #expect(FetchPlan.sweepLag(of: stream, progress, date: now) < stream.sweepInterval)
        #expect(covered >= now - lookBack - .minutes(10))
    }

    @Test("a stored scan continues at its position")
    func storedScan() {
        var plan = plan()
        var progress = progress(since: .minutes(1), swept: .minutes(12))
        var stored = Scan(reason: .poll, from: now - .days(3), to: nil, filterHash: "f1")
        stored.position = "page 7"
        progress.cursor?.scan = stored

        #expect(plan.next(progress, date: now, elapsed: .zero) == .read(stored, .poll))
    }

    @Test("a stored scan with other filters is abandoned, once, and restarts at since")
    func otherFilters() {
        var plan = plan()
        var progress = progress(since: .minutes(1), swept: .minutes(12))
        var poll = Scan(reason: .poll, from: now - .days(3), to: nil, filterHash: "other")
        poll.position = "page 7"
        var sweep = Scan(reason: .sweep, from: now - .days(3), to: now, filterHash: "other")
        sweep.position = "page 2"
        progress.cursor?.scan = poll
        progress.sweep = sweep

        #expect(plan.next(progress, date: now, elapsed: .zero) == .abandon(poll))
        #expect(plan.next(progress, date: now, elapsed: .zero) == .abandon(sweep))
        let next = scanned(plan.next(progress, date: now, elapsed: .zero))
        #expect(next?.position == nil)
        #expect(next?.from == now - .seconds(65))
    }

    @Test("an open scan stored for weeks is abandoned, so that old data is read in windows")
    func weeksOld() {
        var plan = plan()
        var progress = progress(since: .days(45), swept: .days(45))
        var stored = Scan(reason: .poll, from: now - .days(45), to: nil, filterHash: "f1")
        stored.position = "page 7"
        progress.cursor?.scan = stored

        #expect(plan.next(progress, date: now, elapsed: .zero) == .abandon(stored))
        progress.cursor?.scan = nil
        #expect(scanned(plan.next(progress, date: now, elapsed: .zero))?.to != nil)
    }

    @Test("the first scan of a stream that starts 30 days ago is not abandoned while it runs")
    func startOfThirtyDays() {
        var plan = plan()
        var progress = progress(since: .days(30), swept: .minutes(12), start: .days(30))
        var stored = Scan(reason: .poll, from: now - .days(30) - .hours(3), to: nil, filterHash: "f1")
        stored.position = "page 7000"
        progress.cursor?.scan = stored

        #expect(plan.next(progress, date: now, elapsed: .zero) == .read(stored, .poll))
    }

    @Test(
        "never waits for a time of zero",
        arguments: [Duration.zero, .milliseconds(1), .seconds(14), .minutes(4), .days(1)]
    )
    func neverSpins(age: Duration) {
        var plan = plan()
        let progress = progress(since: .zero, swept: .minutes(10) + age)
        for second in 0..<3 {
            if case .wait(let wait) = plan.next(progress, date: now, elapsed: .seconds(second)) {
                #expect(wait > .zero)
            }
        }
    }
}
