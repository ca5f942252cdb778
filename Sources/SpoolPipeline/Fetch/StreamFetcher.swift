package import Logging
package import SpoolCore

/// Reads one stream, page by page, into the spool, until it is told to stop.
///
/// Each stream has its own: one that fails or stands still never holds up another.
package struct StreamFetcher: Sendable {
    private let source: any Source
    private let stream: SourceStream
    private let id: StreamID
    private let store: any PageStore
    private let gate: RequestGate
    private let time: Timekeeper
    private let appended: Signal
    private let logger: Logger

    package init(
        source: any Source,
        stream: SourceStream,
        id: StreamID,
        store: any PageStore,
        gate: RequestGate,
        time: Timekeeper,
        appended: Signal,
        logger: Logger
    ) {
        self.source = source
        self.stream = stream
        self.id = id
        self.store = store
        self.gate = gate
        self.time = time
        self.appended = appended
        var logger = logger
        logger[metadataKey: "stream"] = "\(stream.name)"
        self.logger = logger
    }

    /// Reads until `stop` is asked for.
    ///
    /// - Throws: what makes the spool unusable (`io`, `damaged`); everything else is a state of the stream.
    package func run(stop: Stop) async throws(StoreError) {
        var plan = FetchPlan(stream: stream, pollInterval: source.pollInterval)
        var reader = PageReader(stream: stream, time: time, logger: logger)
        var known: (date: Timestamp, at: Duration)?
        while !stop.isAsked {
            if try await isPaused() {
                await time.wait(source.pollInterval, or: Watch(stop.signal))
                continue
            }
            guard let last = known else {
                known = try await firstDate(&reader, stop: stop)
                continue
            }
            let progress = try await store.progress(of: id)
            let now = last.date + (time.elapsed() - last.at)
            switch plan.next(progress, date: now, elapsed: time.elapsed()) {
            case .wait(let duration):
                await time.wait(duration, or: Watch(stop.signal))
            case .read(let scan, let claim):
                guard await gate.take(claim, stop: stop) else { continue }
                if let date = try await read(scan, progress: progress, &reader, stop: stop) {
                    known = (date, time.elapsed())
                }
            }
        }
    }

    /// Learns the source's own time, and begins the stream with it when it is new.
    private func firstDate(_ reader: inout PageReader, stop: Stop) async throws(StoreError)
        -> (date: Timestamp, at: Duration)?
    {
        guard await gate.take(.poll, stop: stop) else { return nil }
        let date: Timestamp
        do throws(SourceFault) {
            date = try await source.date(for: stream)
        } catch {
            try await pause(after: error, &reader, stop: stop)
            return nil
        }
        try await reader.answered(store, id)
        let start = stream.start.timestamp(now: date)
        try await store.begin(id, start: start, sweptTo: max(start, date - stream.lookBack))
        return (date, time.elapsed())
    }

    private func read(
        _ scan: Scan,
        progress: StreamProgress,
        _ reader: inout PageReader,
        stop: Stop
    ) async throws(StoreError) -> Timestamp? {
        let page: Page
        do throws(SourceFault) {
            page = try await source.page(of: stream, scan: scan, limit: reader.limit.current)
        } catch {
            if error.kind == .scanLost { try await store.abandon(scan, of: id, at: time.wall()) }
            try await pause(after: error, &reader, stop: stop)
            return nil
        }
        reader.limit.cameWhole()
        let commit = ScanStep.commit(page, of: scan, stream: id, progress: progress, fetched: time.wall())
        guard let receipt = try await append(commit, stop: stop) else { return nil }
        try await reader.answered(store, id)
        if receipt.inserted > 0 { appended.notify() }
        if receipt.unreadable > 0 {
            logger.warning("records could not be understood", metadata: ["records": "\(receipt.unreadable)"])
        }
        return page.date
    }

    /// Spools a page; a full disk is waited out, and the page is then asked for again (nil).
    private func append(_ commit: PageCommit, stop: Stop) async throws(StoreError) -> PageReceipt? {
        do throws(StoreError) {
            return try await store.append(commit)
        } catch {
            guard error.kind == .full || error.kind == .busy else { throw error }
            logger.error("page not spooled", metadata: ["cause": "\(error)"])
            await time.wait(source.pollInterval, or: Watch(stop.signal))
            return nil
        }
    }

    private func isPaused() async throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try await store.mustPause()
        } catch {
            guard error.kind == .full || error.kind == .busy else { throw error }
            return true
        }
    }

    private func pause(after fault: SourceFault, _ reader: inout PageReader, stop: Stop)
        async throws(StoreError)
    {
        let duration = try await reader.failed(fault, store, id)
        if case .throttled = fault.kind { gate.pause(duration) }
        await time.wait(duration, or: Watch(stop.signal))
    }
}
