package import Logging
package import SpoolCore
import Synchronization

/// Processes the pages of a window, for example by comparing or spooling them.
package protocol WindowTaker: Sendable {
    /// Takes a page; what it stores is durable on return, and the page's memory may be freed.
    ///
    /// A page may be passed again after a restart, and after its scan was lost and restarted.
    ///
    /// - Parameters:
    ///   - page: the page, in the order of the scan.
    ///   - scan: the scan as it was before the page.
    ///   - ended: on the scan's last page, what the source's answers prove.
    /// - Throws: an error that ends the reading.
    /// - Returns: the fetch window in which it was recorded, for the scan's next page; nil if none is
    ///   recorded.
    func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID?

    /// Returns when the next page may be requested, or when `stop` is requested.
    func ready(stop: ShutdownRequest) async throws(StoreError)

    /// The scan cannot be continued, and restarts at its first page.
    func abandon(_ scan: Scan) async throws(StoreError)

    /// Called after each page with the place reached; a taker that continues after a restart stores it.
    func keep(_ place: WindowPlace) async throws(StoreError)

    /// Called with each fault of the source, and with nil once the source answers again.
    func report(_ fault: SourceFault?) async throws(StoreError)
}

extension WindowTaker {
    package func ready(stop: ShutdownRequest) async throws(StoreError) {}
    package func abandon(_ scan: Scan) async throws(StoreError) {}
    package func keep(_ place: WindowPlace) async throws(StoreError) {}
    package func report(_ fault: SourceFault?) async throws(StoreError) {}
}

/// Spools the records of a window: known records insert nothing, new ones are delivered to every sink.
///
/// The pages are recorded as fetch windows of reason `refetch`; the stream's cursor is unchanged.
package final class PageAppender: WindowTaker {
    private let stream: SourceStream
    private let id: StreamID
    private let store: RetryingStore<any PageStore>
    private let time: Clocks
    private let appended: ChangeSignal
    private let count = Mutex(0)

    package init(
        _ access: SourceAccess,
        store: any PageStore,
        time: Clocks,
        appended: ChangeSignal,
        bell: RetryBell? = nil,
        logger: Logger
    ) {
        stream = access.stream
        id = access.id
        self.time = time
        self.appended = appended
        self.store = RetryingStore(store, retry: StoreRetry(time: time, logger: logger, bell: bell))
    }

    /// The number of new events.
    package var inserted: Int { count.withLock { $0 } }

    package func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID?
    {
        let commit = ScanStep.commit(
            page,
            of: scan,
            stream: stream,
            id: id,
            progress: StreamProgress(),
            fetched: time.wall()
        )
        let receipt = try await store.append(commit)
        if receipt.inserted > 0 {
            count.withLock { $0 += receipt.inserted }
            appended.notify()
        }
        return receipt.window
    }

    /// Waits while the spool or its disk is full, as the stream's own fetching does.
    package func ready(stop: ShutdownRequest) async throws(StoreError) {
        _ = try await store.waitForRoom(time: time, stop: stop)
    }

    package func abandon(_ scan: Scan) async throws(StoreError) {
        try await store.abandon(scan, of: id, at: time.wall())
    }
}

extension RetryingStore where Base == any PageStore {
    /// Waits while the spool or its disk is full, as a stream's own fetching does, or until `stop` is
    /// requested.
    ///
    /// - Parameters:
    ///   - limit: the maximum time to wait; nil: indefinitely.
    ///   - time: the clocks.
    ///   - stop: ends the wait.
    /// - Returns: false when there was no space within `limit`.
    /// - Throws: an error that makes the spool unusable.
    func waitForRoom(atMost limit: Duration? = nil, time: Clocks, stop: ShutdownRequest)
        async throws(StoreError) -> Bool
    {
        let begun = time.elapsed()
        let store = until(stop).doing(.readingWindow)
        while try await store.mustPause(), !stop.isAsked, !Task.isCancelled {
            if let limit, time.elapsed() - begun >= limit { return false }
            await wait(.seconds(15), stop: stop)
        }
        return true
    }
}
