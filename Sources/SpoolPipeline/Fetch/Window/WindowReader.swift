package import Logging
package import SpoolCore

/// Reads a whole window of one stream from its source, page by page, beside the stream's polls and sweeps, which
/// go first: each request is a claim `recovery` on the tenant's budget.
///
/// It has a scan of its own and never touches the stream's cursor. What becomes of the pages is the taker's.
package struct WindowReader: Sendable {
    private let name: StreamName
    private let access: @Sendable () -> SourceAccess?
    private let asker: PageAsker
    private let patience: Duration?
    private let time: Timekeeper
    private let logger: Logger

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - name: the stream.
    ///   - access: its source as it is configured now; asked before each request, since a reload may change it.
    ///   - memory: what the pages of all streams share.
    ///   - crashes: what earlier runs have told of records that trap.
    ///   - patience: how long a source that does not answer is waited for, and one that only another setting
    ///     mends not at all; nil: for ever.
    ///   - time: all it knows of time.
    ///   - logger: faults are logged when they change.
    package init(
        stream name: StreamName,
        access: @escaping @Sendable () -> SourceAccess?,
        memory: Permits,
        crashes: CrashWatch?,
        patience: Duration? = nil,
        time: Timekeeper,
        logger: Logger
    ) {
        self.name = name
        self.access = access
        self.patience = patience
        self.time = time
        asker = PageAsker(memory: memory, crashes: crashes)
        var logger = logger
        logger[metadataKey: "stream"] = "\(name)"
        self.logger = logger
    }

    /// The beginning of a window, with today's filters.
    package func place(from: Timestamp, to: Timestamp) throws(WindowFault) -> WindowPlace {
        guard let now = access() else { throw .changed(name) }
        return WindowPlace(from: from, to: to, filterHash: now.stream.filterHash)
    }

    /// Reads on from a place to the end of its window, or until `stop` is asked for or the task cancelled; a request
    /// under way is then given up, a page being taken is not.
    ///
    /// Retries, backoff and page sizes are those of a stream's own fetching.
    ///
    /// - Returns: the place reached; `isComplete` is false only when it was stopped.
    package func read(_ place: WindowPlace, into taker: any WindowTaker, stop: Stop) async throws(WindowFault)
        -> WindowPlace
    {
        let result = await withTaskGroup(of: Result<WindowPlace, WindowFault>?.self) { group in
            group.addTask { await outcome(place, taker, stop: stop) }
            group.addTask {
                await stop.asked()
                return nil
            }
            var result: Result<WindowPlace, WindowFault>?
            for await outcome in group {
                result = result ?? outcome
                group.cancelAll()
            }
            return result
        }
        return try result?.get() ?? place
    }

    private func outcome(_ place: WindowPlace, _ taker: any WindowTaker, stop: Stop) async
        -> Result<WindowPlace, WindowFault>
    {
        var run = Run(place: place)
        do throws(WindowFault) {
            try await go(&run, taker, stop: stop)
            return .success(run.place)
        } catch {
            // A request given up for a stop is no trouble of the source.
            if stop.isAsked || Task.isCancelled, case .source = error { return .success(run.place) }
            return .failure(error)
        }
    }

    /// A reading under way.
    private struct Run {
        var place: WindowPlace
        var pace: PagePace?
        /// The source's time, and when it was told.
        var known: (date: Timestamp, at: Duration)?
        var troubledSince: Duration?
        var said: SourceFault?
    }

    private func go(_ run: inout Run, _ taker: any WindowTaker, stop: Stop) async throws(WindowFault) {
        while !run.place.isComplete, !stop.isAsked, !Task.isCancelled {
            guard let now = access(), now.stream.filterHash == run.place.filterHash else {
                throw .changed(name)
            }
            if run.pace == nil { run.pace = PagePace(stream: now.stream) }
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

    /// Learns the source's own time: what is older than 30 days by it is read in parts.
    private func date(by now: SourceAccess, _ run: inout Run, _ taker: any WindowTaker, stop: Stop)
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
        stop: Stop
    ) async throws(WindowFault) {
        let limit = run.pace?.limit.current ?? now.stream.pageLimit
        let result: Result<(Page, WindowID?), SourceFault>?
        do throws(StoreError) {
            result = try await asker.page(of: scan, now.stream, from: now.source, limit: limit, stop: stop) {
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
            run.place.took(page, of: scan, window: window)
            run.known = (page.date, time.elapsed())
            run.pace?.limit.cameWhole()
            let isOver = run.pace?.answered(scan.reason, endsScan: page.next == nil) ?? true
            let place = run.place
            try await spooling { () async throws(StoreError) in
                if isOver { try await answers(&run, taker) }
                try await taker.reached(place)
            }
        case .failure(let fault)?:
            if run.pace?.beginsAgain(scan, after: fault) ?? (fault.kind == .scanLost) {
                run.place.lost()
                try await spooling { () async throws(StoreError) in try await taker.abandon(scan) }
            }
            try await pause(after: fault, by: now, &run, taker, stop: stop)
        }
    }

    private func answers(_ run: inout Run, _ taker: any WindowTaker) async throws(StoreError) {
        guard run.troubledSince != nil else { return }
        (run.troubledSince, run.said) = (nil, nil)
        try await taker.troubled(by: nil)
        logger.notice("source answers requests for a window again")
    }

    private func pause(
        after fault: SourceFault,
        by now: SourceAccess,
        _ run: inout Run,
        _ taker: any WindowTaker,
        stop: Stop
    ) async throws(WindowFault) {
        guard !stop.isAsked, !Task.isCancelled else { return }
        let since = run.troubledSince ?? time.elapsed()
        run.troubledSince = since
        if run.said != fault {
            run.said = fault
            logger.warning(
                "source not answering requests for a window",
                metadata: ["state": "\(FetchTrouble.word(fault.kind))", "cause": "\(fault)"]
            )
        }
        try await spooling { () async throws(StoreError) in try await taker.troubled(by: fault) }
        if let patience {
            let needsSetting = FetchTrouble.settingWords.contains(FetchTrouble.word(fault.kind))
            if needsSetting || time.elapsed() - since >= patience { throw .source(fault) }
        }
        let duration = run.pace?.failed(fault, of: .refetch, chance: time.chance()) ?? .zero
        if case .throttled = fault.kind { now.gate.pause(duration, because: fault) }
        await time.wait(duration, or: Watch(stop))
    }

    private func spooling(_ body: () async throws(StoreError) -> Void) async throws(WindowFault) {
        do throws(StoreError) {
            try await body()
        } catch {
            throw .store(error)
        }
    }
}
