import Foundation
package import Logging
package import SpoolCore

/// Fetches a replay's window from the source again, stream by stream, and fixes the replay once all of it has
/// been read.
///
/// It continues where an earlier run stopped. `RefetchStore.append` decides where the records are stored.
package struct Refetcher: Sendable {
    private let replay: ReplayID
    private let pages: RetryingStore<any PageStore>
    private let store: RetryingStore<any RefetchStore>
    private let access: @Sendable (StreamName) -> SourceAccess?
    private let reader: @Sendable (StreamName) -> WindowReader
    private let bell: @Sendable (StreamName) -> RetryBell
    private let time: Clocks
    private let appended: ChangeSignal
    private let lanesChanged: ChangeSignal
    private let logger: Logger

    /// Creates a refetcher for a replay.
    ///
    /// - Parameters:
    ///   - replay: the replay.
    ///   - store: the spool.
    ///   - access: returns a stream's source as currently configured.
    ///   - reader: returns a reader for a window of a stream.
    ///   - bell: what ends the waits for a stream's source, and for space in the spool.
    ///   - time: the clocks.
    ///   - appended: notified when new events were spooled.
    ///   - lanesChanged: notified when the replay is fixed or cancelled.
    ///   - logger: logs the end of the refetch.
    package init(
        _ replay: ReplayID,
        store: any PageStore & RefetchStore,
        access: @escaping @Sendable (StreamName) -> SourceAccess?,
        reader: @escaping @Sendable (StreamName) -> WindowReader,
        bell: @escaping @Sendable (StreamName) -> RetryBell,
        time: Clocks,
        appended: ChangeSignal,
        lanesChanged: ChangeSignal,
        logger: Logger
    ) {
        self.replay = replay
        self.access = access
        self.reader = reader
        self.bell = bell
        self.time = time
        self.appended = appended
        self.lanesChanged = lanesChanged
        var logger = logger
        logger[metadataKey: "replay"] = "\(replay)"
        self.logger = logger
        let retry = StoreRetry(time: time, logger: logger)
        pages = RetryingStore(store, retry: retry)
        self.store = RetryingStore(store, retry: retry)
    }

    /// Reads the rest of the window and fixes the replay; returns earlier when `stop` is requested or the
    /// replay is no longer running.
    ///
    /// A replay that cannot be fixed, because its sink or one of its streams is no longer configured, is
    /// cancelled. A source that does not answer is retried.
    ///
    /// - Throws: an error that makes the spool unusable.
    package func run(stop: ShutdownRequest) async throws(StoreError) {
        do throws(StoreError) {
            while !stop.isAsked, !Task.isCancelled, let refetch = try await pending(stop) {
                guard let part = refetch.parts.first(where: { !$0.isComplete }) else {
                    return try await fix(refetch, stop)
                }
                try await read(part, stop)
            }
        } catch {
            if error.kind == .invalid { return try await handleRefusal(error, stop) }
            // A stop does not wait for a full disk.
            guard error.isPassing, stop.isAsked || Task.isCancelled else { throw error }
        }
    }

    /// Cancels a replay that can never be fixed, unless it has ended meanwhile.
    private func handleRefusal(_ error: StoreError, _ stop: ShutdownRequest) async throws(StoreError) {
        do throws(StoreError) {
            guard try await pending(stop) != nil else { return }
            logger.warning("replay cancelled", metadata: ["cause": "\(error)"])
            try await store.until(stop).giveUp(replay, because: error.description, at: time.wall())
        } catch {
            // After a stop, the next run cancels the replay.
            guard error.isPassing else { throw error }
        }
        lanesChanged.notify()
    }

    /// The progress; nil when there is nothing left to read.
    private func pending(_ stop: ShutdownRequest) async throws(StoreError) -> Refetch? {
        let job = try await store.until(stop).unfinishedReplays(of: nil).first { $0.id == replay }
        guard let job, job.state == .running, job.isRefetching else { return nil }
        return job.refetch
    }

    private func fix(_ refetch: Refetch, _ stop: ShutdownRequest) async throws(StoreError) {
        var fixing = store.until(stop)
        if let part = refetch.parts.first { fixing = fixing.waking(by: bell(part.name)) }
        try await fixing.fix(replay)
        logger.notice("replay window fetched from the source")
        lanesChanged.notify()
    }

    private func read(_ part: Refetch.Part, _ stop: ShutdownRequest) async throws(StoreError) {
        guard let access = access(part.name) else { return try await end(part, stop) }
        let taker = RefetchTaker(
            access: access,
            replay: replay,
            part: part,
            pages: pages.waking(by: bell(part.name)),
            store: store.waking(by: bell(part.name)),
            time: time,
            appended: appended
        )
        do throws(WindowFault) {
            let reader = reader(part.name)
            let begin = try reader.place(from: part.from, to: part.to)
            let place = part.readerPlace(filterHash: begin.filterHash) ?? begin
            _ = try await reader.read(place, into: taker, stop: stop)
        } catch {
            switch error {
            // The filters have changed, or the source was removed: the next iteration checks again.
            case .changed: return
            case .source: await bell(part.name).wait(.seconds(30), time: time, stop: stop)
            case .store(let error): throw error
            }
        }
    }

    /// Ends the part of a stream that is no longer configured.
    private func end(_ part: Refetch.Part, _ stop: ShutdownRequest) async throws(StoreError) {
        let message = "the stream \(part.name) is no longer configured; the rest of its window is not fetched"
        let place = Refetch.Place(
            readTo: part.to,
            seenTo: part.place?.seenTo ?? part.from,
            reader: part.place?.reader ?? ""
        )
        let store = store.until(stop).doing(.endingWindow)
        try await store.keep(place, of: part.stream, replay)
        try await store.note(message, ofRefetch: replay)
        logger.warning("replay continues without a stream", metadata: ["cause": "\(message)"])
    }
}

/// Spools the pages of a replay's refetch, and stores its progress.
struct RefetchTaker: WindowTaker {
    let access: SourceAccess
    let replay: ReplayID
    let part: Refetch.Part
    let pages: RetryingStore<any PageStore>
    let store: RetryingStore<any RefetchStore>
    let time: Clocks
    let appended: ChangeSignal

    func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID? {
        let commit = ScanStep.commit(
            page,
            of: scan,
            stream: access.stream,
            id: access.id,
            progress: StreamProgress(),
            fetched: time.wall()
        )
        let receipt = try await store.append(commit, of: replay)
        if receipt.inserted > 0 { appended.notify() }
        return receipt.window
    }

    /// How long the spool may be full before the replay is cancelled.
    private static let roomTimeout = Duration.minutes(10)

    /// Waits while the spool or its disk is full, as the stream's own fetching does, but only for a limited
    /// time.
    ///
    /// Until the replay is fixed, it keeps retention from deleting its window, so all fetching would stay
    /// paused.
    ///
    /// - Throws: `invalid` when there has been no space for ten minutes.
    func ready(stop: ShutdownRequest) async throws(StoreError) {
        guard try await pages.waitForRoom(atMost: Self.roomTimeout, time: time, stop: stop) else {
            throw StoreError(
                .invalid,
                "The spool has no space for the records that replay \(replay) fetches again; choose a "
                    + "shorter window, or raise `spool.retention.max_size`."
            )
        }
    }

    func abandon(_ scan: Scan) async throws(StoreError) {
        try await pages.abandon(scan, of: access.id, at: time.wall())
    }

    func keep(_ place: WindowPlace) async throws(StoreError) {
        // A place consists of texts and numbers, so encoding it cannot fail.
        let text = (try? JSONEncoder().encode(place)).map { String(decoding: $0, as: UTF8.self) }
        let seenTo = max(place.readTo, min(place.scan?.greatest ?? place.readTo, place.to))
        let kept = Refetch.Place(readTo: place.readTo, seenTo: seenTo, reader: text ?? "")
        try await store.keep(kept, of: access.id, replay)
    }

    func report(_ fault: SourceFault?) async throws(StoreError) {
        do throws(StoreError) {
            // Storing a fault of the source does not wait for a full disk, and does not stop the daemon.
            try await store.bare.note(fault?.description, ofRefetch: replay)
        } catch {
            guard error.isPassing else { throw error }
        }
    }
}

extension Refetch.Part {
    /// The place at which its reader continues; nil at the start, and when it was read with other filters
    /// than the current ones.
    func readerPlace(filterHash: String) -> WindowPlace? {
        guard let text = place?.reader,
            let place = try? JSONDecoder().decode(WindowPlace.self, from: Data(text.utf8)),
            place.filterHash == filterHash
        else { return nil }
        return place
    }
}
