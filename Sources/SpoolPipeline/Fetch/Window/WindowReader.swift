package import Logging
package import SpoolCore

/// Reads a complete window of one stream from its source, page by page.
///
/// The stream's polls and sweeps continue and have priority: each request here is a claim `recovery` on the
/// tenant's budget. The reader has its own scan and never changes the stream's cursor. The taker decides what
/// happens to the pages.
package struct WindowReader: Sendable {
    private let name: StreamName
    private let access: @Sendable () -> SourceAccess?
    private let pageFetcher: PageFetcher
    private let timeout: Duration?
    private let bell: RetryBell
    private let time: Clocks
    private let logger: Logger

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - name: the stream.
    ///   - access: returns its source as currently configured; called before each request, since a reload may
    ///     change it.
    ///   - memory: the permits that the pages of all streams share.
    ///   - crashes: what is known of poison records from earlier runs.
    ///   - timeout: how long to retry a source that does not answer; a fault that only a settings change can
    ///     fix is then not retried at all; nil: retry everything indefinitely.
    ///   - bell: ends the wait after a fault.
    ///   - time: the clocks.
    ///   - logger: logs faults when they change.
    package init(
        stream name: StreamName,
        access: @escaping @Sendable () -> SourceAccess?,
        memory: AsyncSemaphore,
        crashes: PoisonGuard?,
        timeout: Duration? = nil,
        bell: RetryBell = RetryBell(),
        time: Clocks,
        logger: Logger
    ) {
        self.name = name
        self.access = access
        self.timeout = timeout
        self.bell = bell
        self.time = time
        pageFetcher = PageFetcher(memory: memory, crashes: crashes)
        var logger = logger
        logger[metadataKey: "stream"] = "\(name)"
        self.logger = logger
    }

    /// The start of a window, with the current filters.
    package func place(from: Timestamp, to: Timestamp) throws(WindowFault) -> WindowPlace {
        guard let now = access() else { throw .changed(name) }
        return WindowPlace(from: from, to: to, filterHash: now.stream.filterHash)
    }

    /// Reads from a place to the end of its window, or until `stop` is requested or the task is cancelled.
    ///
    /// A stop cancels a running request, but a page that is being taken is completed. Retries, backoff and
    /// page sizes are those of a stream's own fetching.
    ///
    /// - Returns: the place reached; `isComplete` is false only after a stop.
    package func read(_ place: WindowPlace, into taker: any WindowTaker, stop: ShutdownRequest)
        async throws(WindowFault)
        -> WindowPlace
    {
        let results: [Result<WindowPlace, WindowFault>?] = await race(
            { await outcome(place, taker, stop: stop) },
            {
                await stop.asked()
                return nil
            }
        )
        return try results.compactMap { $0 }.first?.get() ?? place
    }

    private func outcome(_ place: WindowPlace, _ taker: any WindowTaker, stop: ShutdownRequest) async
        -> Result<WindowPlace, WindowFault>
    {
        var run = Run(place: place)
        do throws(WindowFault) {
            try await go(&run, taker, stop: stop)
            return .success(run.place)
        } catch {
            // A request that was cancelled by a stop is not a fault of the source.
            if stop.isAsked || Task.isCancelled, case .source = error { return .success(run.place) }
            return .failure(error)
        }
    }

    /// The state of one call of `read`.
    private struct Run {
        var place: WindowPlace
        var health: StreamHealth?
        /// The source's time, and when it was received.
        var known: (date: Timestamp, at: Duration)?
        var troubledSince: Duration?
        var said: SourceFault?
    }

    private func go(_ run: inout Run, _ taker: any WindowTaker, stop: ShutdownRequest)
        async throws(WindowFault)
    {
        while !run.place.isComplete, !stop.isAsked, !Task.isCancelled {
            guard let now = access(), now.stream.filterHash == run.place.filterHash else {
                throw .changed(name)
            }
            if run.health == nil { run.health = StreamHealth(pageLimit: now.stream.pageLimit) }
            try await spooling { () async throws(StoreError) in try await taker.ready(stop: stop) }
            guard await now.gate.take(.recovery, stop: stop) else { return }
            if let known = run.known {
                let date = known.date + (time.elapsed() - known.at)
                try await page(of: run.place.next(date: date), by: now, &run, taker, stop: stop)
            } else {
                try await date(by: now, &run, taker, stop: stop)
            }
        }
    }

    /// Requests the source's own time, which determines what is older than 30 days and is read in parts.
    private func date(by now: SourceAccess, _ run: inout Run, _ taker: any WindowTaker, stop: ShutdownRequest)
        async throws(WindowFault)
    {
        let fault: SourceFault
        do throws(SourceFault) {
            run.known = (try await now.source.date(for: now.stream), time.elapsed())
            return
        } catch {
            fault = error
        }
        try await pause(after: fault, by: now, &run, taker, stop: stop)
    }

    private func page(
        of scan: Scan,
        by now: SourceAccess,
        _ run: inout Run,
        _ taker: any WindowTaker,
        stop: ShutdownRequest
    ) async throws(WindowFault) {
        let limit = run.health?.limit.current ?? now.stream.pageLimit
        let result: Result<(Page, WindowID?), SourceFault>?
        do throws(StoreError) {
            result = try await pageFetcher.page(
                of: scan,
                now.stream,
                from: now.source,
                limit: limit,
                stop: stop
            ) {
                page async throws(StoreError) in
                let ended = ScanStep.advance(scan, past: page).ended
                return (page, try await taker.take(page, of: scan, ended: ended))
            }
        } catch {
            throw .store(error)
        }
        switch result {
        case nil: return
        case .success(let (page, window))?:
            run.place.advance(page, of: scan, window: window)
            run.known = (page.date, time.elapsed())
            run.health?.limit.noteWholePage()
            let isOver = run.health?.noteAnswer(scan.reason, endsScan: page.next == nil) ?? true
            let place = run.place
            try await spooling { () async throws(StoreError) in
                if isOver { try await answers(&run, taker) }
                try await taker.keep(place)
            }
        case .failure(let fault)?:
            if run.health?.beginsAgain(scan, after: fault) ?? (fault.kind == .scanLost) {
                run.place.restartScan()
                try await spooling { () async throws(StoreError) in try await taker.abandon(scan) }
            }
            try await pause(after: fault, by: now, &run, taker, stop: stop)
        }
    }

    private func answers(_ run: inout Run, _ taker: any WindowTaker) async throws(StoreError) {
        guard run.troubledSince != nil else { return }
        (run.troubledSince, run.said) = (nil, nil)
        try await taker.report(nil)
        logger.notice("source answers requests for a window again")
    }

    private func pause(
        after fault: SourceFault,
        by now: SourceAccess,
        _ run: inout Run,
        _ taker: any WindowTaker,
        stop: ShutdownRequest
    ) async throws(WindowFault) {
        guard !stop.isAsked, !Task.isCancelled else { return }
        let since = run.troubledSince ?? time.elapsed()
        run.troubledSince = since
        if run.said != fault {
            run.said = fault
            logger.warning(
                "source not answering requests for a window",
                metadata: ["state": "\(StreamHealth.word(fault.kind))", "cause": "\(fault)"]
            )
        }
        try await spooling { () async throws(StoreError) in try await taker.report(fault) }
        if let timeout {
            let needsSetting = StreamHealth.settingWords.contains(StreamHealth.word(fault.kind))
            if needsSetting || time.elapsed() - since >= timeout { throw .source(fault) }
        }
        let duration = run.health?.noteFailure(fault, of: .refetch, chance: time.chance()) ?? .zero
        if case .throttled = fault.kind { now.gate.pause(duration, because: fault) }
        await bell.wait(duration, time: time, stop: stop)
    }

    private func spooling(_ body: () async throws(StoreError) -> Void) async throws(WindowFault) {
        do throws(StoreError) {
            try await body()
        } catch {
            throw .store(error)
        }
    }
}

/// A stream with its source, both as currently configured, and the request gate of its tenant.
package struct SourceAccess: Sendable {
    package let source: any Source
    package let stream: SourceStream
    package let id: StreamID
    package let gate: RequestGate

    package init(source: any Source, stream: SourceStream, id: StreamID, gate: RequestGate) {
        self.source = source
        self.stream = stream
        self.id = id
        self.gate = gate
    }
}

/// Why a window was not read completely.
package enum WindowFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The source did not answer within the timeout, or only a settings change can fix the fault.
    case source(SourceFault)
    case store(StoreError)
    /// The stream is no longer configured, or its filters have changed since the start.
    case changed(StreamName)

    package var description: String {
        switch self {
        case .source(let fault): fault.description
        case .store(let error): error.description
        case .changed(let stream):
            "the stream \(stream) is not configured, or its filters have changed; start over"
        }
    }
}

/// The progress in a window: everything needed to continue reading it, even after a restart.
///
/// A window older than 30 days is read in parts of at most 7 days, each with its own scan (`FetchPlan`).
package struct WindowPlace: Sendable, Codable, Equatable {
    /// Inclusive.
    package let from: Timestamp
    /// Exclusive.
    package let to: Timestamp
    /// The filters it is read with; with other filters it cannot be continued.
    package let filterHash: String
    /// Everything of the window before this has been read.
    package private(set) var readTo: Timestamp
    /// The scan of the current part; nil between two parts.
    package private(set) var scan: Scan?
    /// Parts whose empty answer proves nothing, since they are older than 30 days.
    package private(set) var unproved: [TimeWindow] = []
    package private(set) var pages = 0
    package private(set) var records = 0

    package init(from: Timestamp, to: Timestamp, filterHash: String) {
        self.from = from
        self.to = to
        self.filterHash = filterHash
        readTo = from
    }

    /// True when the whole window has been read, whether the answers prove anything or not.
    package var isComplete: Bool { readTo >= to }

    /// The scan whose next page is to be requested.
    func next(date: Timestamp) -> Scan {
        if let scan { return scan }
        let isOld = date.since(readTo) > FetchPlan.oldAge
        let end = isOld ? min(readTo + FetchPlan.oldWindow, to) : to
        return Scan(reason: .refetch, from: readTo, to: end, filterHash: filterHash)
    }

    /// Notes a page that was taken, and the fetch window in which it was recorded.
    mutating func advance(_ page: Page, of scan: Scan, window: WindowID?) {
        pages += 1
        records += page.records.count
        var (advanced, ended) = ScanStep.advance(scan, past: page)
        advanced.window = window
        self.scan = advanced
        guard let ended else { return }
        self.scan = nil
        readTo = scan.to ?? to
        if ended == .unproved { unproved.append(TimeWindow(from: scan.from, to: readTo)) }
    }

    /// The source cannot continue the current scan: the part restarts.
    mutating func restartScan() { scan = nil }
}
