package import Logging
package import SpoolCore
import Synchronization

/// Spools the records of a window: known records insert nothing, new ones are delivered to every sink.
///
/// The pages are recorded as fetch windows of reason `refetch`; the stream's cursor is unchanged.
package final class PageAppender: WindowTaker {
    private let stream: SourceStream
    private let id: StreamID
    private let store: any PageStore
    private let time: Timekeeper
    private let appended: Signal
    private let patiently: Patience
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
        self.store = store
        self.time = time
        self.appended = appended
        patiently = Patience(time: time, logger: logger, bell: bell)
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
        let receipt = try await patiently("spooling a page") { [store] () async throws(StoreError) in
            try await store.append(commit)
        }
        if receipt.inserted > 0 {
            count.withLock { $0 += receipt.inserted }
            appended.notify()
        }
        return receipt.window
    }

    /// Waits while the spool or its disk is full, as the stream's own fetching does.
    package func ready(stop: Stop) async throws(StoreError) {
        _ = try await patiently.waitForRoom(in: store, stop: stop)
    }

    package func abandon(_ scan: Scan) async throws(StoreError) {
        try await patiently("abandoning a scan") { [store, id, time] () async throws(StoreError) in
            try await store.abandon(scan, of: id, at: time.wall())
        }
    }
}
