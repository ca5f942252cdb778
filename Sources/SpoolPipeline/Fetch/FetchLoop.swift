package import Logging
package import SpoolCore

/// Fetches all streams of one source, each independently, until a stop is requested.
package struct FetchLoop: Sendable {
    private let source: any Source
    private let fetchers: [StreamFetcher]

    package init(
        source: any Source,
        streams: [StreamName: StreamID],
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
        fetchers = source.streams.compactMap { stream in
            guard let id = streams[stream.name] else { return nil }
            return StreamFetcher(
                source: source,
                stream: stream,
                id: id,
                store: store,
                gate: gate,
                memory: memory,
                crashes: crashes,
                time: time,
                appended: appended,
                swept: swept,
                bell: bell,
                logger: logger
            )
        }
    }

    /// Fetches until `stop` is requested; then a running request is cancelled, but a page that is being
    /// spooled is completed.
    ///
    /// - Throws: an error that makes the spool unusable.
    package func run(stop: ShutdownRequest) async throws(StoreError) {
        var parts: [@Sendable () async -> StoreError?] = fetchers.map { fetcher in
            { await Self.failure(of: fetcher, stop: stop) }
        }
        parts.append {
            await stop.asked()
            return nil
        }
        let failures = await race(parts).compactMap { $0 }
        await source.shutDown()
        if let failure = failures.first { throw failure }
    }

    private static func failure(of fetcher: StreamFetcher, stop: ShutdownRequest) async -> StoreError? {
        do throws(StoreError) {
            try await fetcher.run(stop: stop)
            return nil
        } catch {
            return error
        }
    }
}
