package import Logging
package import SpoolCore

/// Reads a replay's window from the source again, stream by stream, and fixes the replay once it has all of it.
///
/// It goes on where an earlier run has stopped. What becomes of the records is the store's (`RefetchStore.append`).
package struct Refetcher: Sendable {
    private let replay: ReplayID
    private let store: any PageStore & RefetchStore
    private let access: @Sendable (StreamName) -> SourceAccess?
    private let reader: @Sendable (StreamName) -> WindowReader
    private let time: Timekeeper
    private let appended: Signal
    private let lanesChanged: Signal
    private let logger: Logger
    private let patiently: Patience

    /// Makes one for a replay.
    ///
    /// - Parameters:
    ///   - replay: the replay.
    ///   - store: the spool.
    ///   - access: a stream's source as it is configured now.
    ///   - reader: what reads a window of a stream.
    ///   - time: all it knows of time.
    ///   - appended: given when something new was spooled.
    ///   - lanesChanged: given when the replay is fixed, or cancelled.
    ///   - logger: told of the end.
    package init(
        _ replay: ReplayID,
        store: any PageStore & RefetchStore,
        access: @escaping @Sendable (StreamName) -> SourceAccess?,
        reader: @escaping @Sendable (StreamName) -> WindowReader,
        time: Timekeeper,
        appended: Signal,
        lanesChanged: Signal,
        logger: Logger
    ) {
        self.replay = replay
        self.store = store
        self.access = access
        self.reader = reader
        self.time = time
        self.appended = appended
        self.lanesChanged = lanesChanged
        var logger = logger
        logger[metadataKey: "replay"] = "\(replay)"
        self.logger = logger
        patiently = Patience(time: time, logger: logger)
    }

    /// Reads what is left, and fixes the replay; returns earlier when `stop` is asked for, or the replay does not run
    /// any more.
    ///
    /// A replay that cannot be fixed, since its sink or a stream of it has left the configuration, is cancelled.
    ///
    /// - Throws: what makes the spool unusable; a source that does not answer is waited for.
    package func run(stop: Stop) async throws(StoreError) {
        do throws(StoreError) {
            while !stop.isAsked, !Task.isCancelled, let refetch = try await pending() {
                guard let part = refetch.parts.first(where: { !$0.isComplete }) else {
                    return try await fix(stop)
                }
                try await read(part, stop)
            }
        } catch {
            if error.kind == .invalid { return try await refused(error, stop) }
            // Told to stop, it does not wait for the disk.
            guard error.isPassing, stop.isAsked || Task.isCancelled else { throw error }
        }
    }

    /// The replay has ended meanwhile, or can never be fixed.
    private func refused(_ error: StoreError, _ stop: Stop) async throws(StoreError) {
        guard try await pending() != nil else { return }
        logger.warning("replay cancelled", metadata: ["cause": "\(error)"])
        do throws(StoreError) {
            try await patiently("cancelling a replay", stop: stop) { () async throws(StoreError) in
                try await store.giveUp(replay, because: error.description, at: time.wall())
            }
        } catch {
            // Told to stop, it leaves that to the next run.
            guard error.isPassing else { throw error }
        }
        lanesChanged.notify()
    }

    /// How far it is; nil when there is nothing to read any more.
    private func pending() async throws(StoreError) -> Refetch? {
        let job = try await store.unfinishedReplays(of: nil).first { $0.id == replay }
        guard let job, job.state == .running, job.isRefetching else { return nil }
        return job.refetch
    }

    private func fix(_ stop: Stop) async throws(StoreError) {
        try await patiently("fixing a replay", stop: stop) { () async throws(StoreError) in
            try await store.fix(replay)
        }
        logger.notice("replay window fetched from the source")
        lanesChanged.notify()
    }

    private func read(_ part: Refetch.Part, _ stop: Stop) async throws(StoreError) {
        guard let access = access(part.name) else { return try await end(part, stop) }
        let taker = RefetchTaker(
            access: access,
            replay: replay,
            part: part,
            store: store,
            time: time,
            appended: appended,
            patiently: patiently
        )
        do throws(WindowFault) {
            let reader = reader(part.name)
            let begin = try reader.place(from: part.from, to: part.to)
            let place = part.readerPlace(filterHash: begin.filterHash) ?? begin
            _ = try await reader.read(place, into: taker, stop: stop)
        } catch {
            switch error {
            // With other filters than before, or no source: looked at anew.
            case .changed: return
            case .source: await time.wait(.seconds(30), or: Watch(stop))
            case .store(let error): throw error
            }
        }
    }

    /// The stream has left the configuration: what could be read of it has been.
    private func end(_ part: Refetch.Part, _ stop: Stop) async throws(StoreError) {
        let message = "the stream \(part.name) is no longer configured; the rest of its window is not fetched"
        let place = Refetch.Place(
            readTo: part.to,
            seenTo: part.place?.seenTo ?? part.from,
            reader: part.place?.reader ?? ""
        )
        try await patiently("ending a stream's window", stop: stop) { () async throws(StoreError) -> Void in
            try await store.keep(place, of: part.stream, replay)
            try await store.note(message, ofRefetch: replay)
        }
        logger.warning("replay continues without a stream", metadata: ["cause": "\(message)"])
    }
}
