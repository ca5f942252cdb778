package import Logging
package import SpoolCore

/// Fetches one stream into the spool, page by page, until a stop is requested.
///
/// Each stream has its own fetcher, so a stream that fails or is paused never delays another.
package struct StreamFetcher: Sendable {
    /// How often a paused stream checks whether the spool has space again, since `poll` may be a day.
    static let pauseCheck = Duration.seconds(5)

    let source: any Source
    let stream: SourceStream
    let id: StreamID
    var store: RetryingStore<any PageStore>
    let gate: RequestGate
    let pageFetcher: PageFetcher
    let time: Clocks
    private let appended: ChangeSignal
    private let swept: ChangeSignal?
    let bell: RetryBell
    let logger: Logger

    package init(
        source: any Source,
        stream: SourceStream,
        id: StreamID,
        store: any PageStore,
        gate: RequestGate,
        memory: AsyncSemaphore = AsyncSemaphore(PageFetcher.pagesAtOnce),
        crashes: PoisonGuard? = nil,
        time: Clocks,
        appended: ChangeSignal,
        swept: ChangeSignal? = nil,
        bell: RetryBell = RetryBell(),
        logger: Logger
    ) {
        self.source = source
        self.stream = stream
        self.id = id
        self.gate = gate
        pageFetcher = PageFetcher(memory: memory, crashes: crashes)
        self.time = time
        self.appended = appended
        self.swept = swept
        self.bell = bell
        var logger = logger
        logger[metadataKey: "stream"] = "\(stream.name)"
        self.logger = logger
        self.store = RetryingStore(store, retry: StoreRetry(time: time, logger: logger, bell: bell))
    }

    /// Fetches until `stop` is requested or the task is cancelled.
    ///
    /// - Throws: an error that makes the spool unusable (`io`, `damaged`); all other errors become the
    ///   stream's state.
    package func run(stop: ShutdownRequest) async throws(StoreError) {
        do throws(StoreError) {
            var stoppable = self
            stoppable.store = store.until(stop)
            try await stoppable.read(stop: stop)
        } catch {
            // A stop does not wait for a full disk.
            guard error.isPassing, stop.isAsked || Task.isCancelled else { throw error }
        }
    }

    private func read(stop: ShutdownRequest) async throws(StoreError) {
        var plan = FetchPlan(stream: stream, pollInterval: source.pollInterval)
        var reporter = StreamReporter(
            stream: stream,
            id: id,
            store: store.bare,
            time: time,
            logger: logger
        )
        var known: (date: Timestamp, at: Duration)?
        var beginning = Beginning()
        var isInPast = false
        while !stop.isAsked, !Task.isCancelled {
            // Also while fetching is paused: retention, which frees space, uses the source's time.
            guard let last = known else {
                known = try await firstDate(&reporter, &beginning, stop: stop)
                continue
            }
            if try await store.mustPause() {
                await bell.wait(min(source.pollInterval, Self.pauseCheck), time: time, stop: stop)
                continue
            }
            let progress = try await store.progress(of: id)
            plan.room = store.room
            let now = last.date + (time.elapsed() - last.at)
            switch plan.next(progress, date: now, elapsed: time.elapsed()) {
            case .wait(let duration):
                if !plan.isHolding(at: time.elapsed()) {
                    await time.wait(duration, or: SeenVersion(stop))
                } else if await bell.wait(duration, time: time, stop: stop) {
                    plan.retryNow()
                }
            case .abandon(let scan):
                logger.notice("scan restarted", metadata: ["reason": "\(scan.reason)"])
                try await store.abandon(scan, of: id, at: time.wall())
            case .read(let scan, let claim):
                try await reporter.reportPause(gate.pausedBy)
                guard await gate.take(claim, stop: stop) else { continue }
                switch try await page(of: scan, progress: progress, &reporter, stop: stop) {
                case .spooled(let page):
                    // The source's time was set back: the cursor may now lie in the future.
                    if page.date + StreamProgress.tolerance < now { isInPast = false }
                    known = (page.date, time.elapsed())
                    if !isInPast, page.doubt == nil {
                        isInPast = true
                        try await pullBack(from: progress, to: page.date)
                    }
                    plan.notePage(scan, records: page.records, bytes: page.bytes)
                case .failed(let until): plan.noteFailure(scan, until: until)
                }
            }
        }
    }

    /// The result of a page request.
    private enum PageResult: Sendable {
        case spooled(SpooledPage)
        /// Scans of the same reason request no page before this monotonic time.
        case failed(until: Duration?)
    }

    /// Fetches a page into the spool and handles a fault.
    private func page(
        of scan: Scan,
        progress: StreamProgress,
        _ reporter: inout StreamReporter,
        stop: ShutdownRequest
    ) async throws(StoreError) -> PageResult {
        let limit = reporter.health.limit.current
        switch try await spool(scan, progress: progress, limit: limit, stop: stop) {
        case .success(let page)?:
            reporter.health.limit.noteWholePage()
            if page.receipt.inserted > 0 { appended.notify() }
            if page.endsScan, scan.reason == .sweep { swept?.notify() }
            try await reporter.reportAnswer(scan.reason, endsScan: page.endsScan, doubt: page.doubt)
            reporter.logOutside(page.outside, of: scan)
            if page.receipt.unreadable > 0 {
                logger.warning(
                    "records could not be parsed",
                    metadata: ["records": "\(page.receipt.unreadable)"]
                )
            }
            if page.receipt.skipped > 0, !reporter.hasToldOfSkipped {
                reporter.hasToldOfSkipped = true
                logger.notice(
                    "skipped records that retention has already deleted; `stream.skipped` counts them",
                    metadata: ["records": "\(page.receipt.skipped)", "reason": "\(scan.reason)"]
                )
            }
            return .spooled(page)
        case .failure(let fault)?:
            if reporter.health.beginsAgain(scan, after: fault) {
                try await store.abandon(scan, of: id, at: time.wall())
            }
            return .failed(until: try await pause(after: fault, of: scan.reason, &reporter, stop: stop))
        case nil: return .failed(until: nil)
        }
    }

    /// Requests a page, parses it and spools it.
    ///
    /// - Returns: the page, or the fault; nil when `stop` was requested before its turn.
    private func spool(_ scan: Scan, progress: StreamProgress, limit: Int, stop: ShutdownRequest)
        async throws(StoreError) -> Result<SpooledPage, SourceFault>?
    {
        try await pageFetcher.page(of: scan, stream, from: source, limit: limit, stop: stop) {
            page async throws(StoreError) in
            let commit = ScanStep.commit(
                page,
                of: scan,
                stream: stream,
                id: id,
                progress: progress,
                fetched: time.wall()
            )
            let receipt = try await store.append(commit)
            return SpooledPage(page, receipt)
        }
    }

    /// Notes a fault, and waits unless it concerns only that scan.
    ///
    /// - Returns: the monotonic time until which only scans of that reason have to wait; nil when the wait is
    ///   over.
    func pause(
        after fault: SourceFault,
        of reason: Scan.Reason,
        _ reporter: inout StreamReporter,
        stop: ShutdownRequest
    ) async throws(StoreError) -> Duration? {
        // A request that was cancelled by a stop is not a fault of the source.
        guard !stop.isAsked, !Task.isCancelled else { return nil }
        let duration = try await reporter.reportFailure(fault, of: reason)
        if fault.kind == .scanLost || fault.kind == .unended { return time.elapsed() + duration }
        if case .throttled = fault.kind { gate.pause(duration, because: fault) }
        await bell.wait(duration, time: time, stop: stop)
        return nil
    }
}

extension StreamFetcher {
    /// Requests the source's own time, and starts a new stream with it.
    func firstDate(_ reporter: inout StreamReporter, _ beginning: inout Beginning, stop: ShutdownRequest)
        async throws(StoreError) -> (date: Timestamp, at: Duration)?
    {
        try await reporter.reportPause(gate.pausedBy)
        guard await gate.take(.poll, stop: stop) else { return nil }
        var date: Timestamp
        do throws(SourceFault) {
            date = try await source.date(for: stream)
        } catch {
            if let until = try await pause(after: error, of: .poll, &reporter, stop: stop) {
                await bell.wait(until - time.elapsed(), time: time, stop: stop)
            }
            return nil
        }
        let doubt = source.clockDoubt
        try await reporter.reportAnswer(.poll, endsScan: true, doubt: doubt?.description)
        if let doubt, Beginning.isInDoubt(doubt, date: date) {
            let progress = try await store.doing(.startingStream).progress(of: id)
            if progress.start == nil {
                date = try await confirm(doubt, stop: stop) ?? date
                let isOpen = source.clockDoubt.map { Beginning.isInDoubt($0, date: date) } ?? false
                if isOpen, beginning.mayWait(at: time.elapsed()) {
                    await time.wait(Beginning.pause, or: SeenVersion(stop))
                    return nil
                }
            }
        }
        let known = (date, time.elapsed())
        let start = stream.start.timestamp(now: date - beginning.waited(at: time.elapsed()))
        let sweptTo = max(start, date - stream.lookBack)
        try await store.begin(id, start: start, sweptTo: sweptTo)
        return known
    }

    /// Requests records that the source saved shortly before its claimed time, since they would confirm it.
    ///
    /// - Returns: the time to use afterwards; nil when no page was fetched.
    private func confirm(_ doubt: ClockDoubt, stop: ShutdownRequest) async throws(StoreError) -> Timestamp? {
        var date: Timestamp?
        for age in Beginning.ages where source.clockDoubt?.isBelieved == false {
            guard await gate.take(.poll, stop: stop) else { return date }
            let scan = Scan(
                reason: .poll,
                from: doubt.claimed - age,
                to: nil,
                filterHash: stream.filterHash
            )
            let page = try await pageFetcher.page(of: scan, stream, from: source, limit: 20, stop: stop) {
                page async throws(StoreError) in page.date
            }
            guard case .success(let told)? = page else { return date }
            date = told
        }
        return date
    }

    /// Moves back a cursor that lies in the future.
    ///
    /// Only a wrong time can have moved it there: in an earlier run, or in this run before both clocks were
    /// set back. It is only moved back when the source's time and the local clock agree; otherwise a single
    /// wrong clock could cause years to be read again.
    func pullBack(from progress: StreamProgress, to date: Timestamp) async throws(StoreError) {
        guard let since = progress.cursor?.since, progress.isAhead(of: date) else { return }
        let words: Logger.Metadata = ["since": "\(since)", "date": "\(date)"]
        guard time.wall() <= date + StreamProgress.tolerance else {
            return logger.warning(
                "cursor lies in the future by the source's time, but not by this machine's clock",
                metadata: words
            )
        }
        let back = try await store.pullBack(
            id,
            to: date,
            start: stream.start.timestamp(now: date),
            lookBack: stream.lookBack
        )
        guard let back else { return }
        logger.warning(
            "cursor lies in the future; it was moved back to the last proved position",
            metadata: words.merging(["from": "\(back)"]) { $1 }
        )
    }
}

/// The first start of a stream while the source's time and the local clock differ by more than a day.
///
/// The start of a stream is stored only once. The earlier of both times would start the stream years too
/// early if the local clock is years behind; the later one would skip new records if the source's `Date` is
/// wrong. So the stream requests records that confirm the source's time. Meanwhile the start waits, for an
/// hour at most, because a machine without a battery-backed clock sets its clock soon after booting.
struct Beginning: Sendable {
    /// A start that is too early by less costs one extra day of reading, so it does not wait.
    static let tolerance = Duration.days(1)
    /// How far before the claimed time records are requested, one age after the other.
    static let ages = [Duration.hours(1), .hours(23)]
    /// The pause between two attempts.
    static let pause = Duration.minutes(1)
    /// After this long the stream starts with the earlier time.
    static let limit = Duration.hours(1)

    private var since: Duration?

    /// True while the claimed time is neither confirmed nor close to the time that is used instead.
    static func isInDoubt(_ doubt: ClockDoubt, date: Timestamp) -> Bool {
        !doubt.isBelieved && doubt.claimed.since(date) > tolerance
    }

    /// True until `limit` has passed since the first call.
    mutating func mayWait(at elapsed: Duration) -> Bool {
        let began = since ?? elapsed
        since = began
        return elapsed - began < Self.limit
    }

    /// How long the start has waited; it is subtracted, so that waiting does not move the start.
    func waited(at elapsed: Duration) -> Duration { since.map { elapsed - $0 } ?? .zero }
}
