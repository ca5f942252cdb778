package import Logging
package import SpoolCore
import Synchronization

/// Spools the records of a window: known records insert nothing, new ones are delivered to every sink.
///
/// The pages are recorded as fetch windows of reason `refetch`; the stream's cursor is unchanged.
package final class PageAppender: WindowTaker {
    private let stream: SourceStream
    private let id: StreamID
    private let store: RetryingStore<any PageStore>
    private let time: Timekeeper
    private let appended: Signal
    private let count = Mutex(0)

    package init(
        _ access: SourceAccess,
        store: any PageStore,
        time: Timekeeper,
        appended: Signal,
        bell: RetryBell? = nil,
        logger: Logger
    ) {
        stream = access.stream
        id = access.id
        self.time = time
        self.appended = appended
        self.store = RetryingStore(store, patiently: Patience(time: time, logger: logger, bell: bell))
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
    package func ready(stop: Stop) async throws(StoreError) {
        _ = try await store.waitForRoom(time: time, stop: stop)
    }

    package func abandon(_ scan: Scan) async throws(StoreError) {
        try await store.abandon(scan, of: id, at: time.wall())
    }
}
