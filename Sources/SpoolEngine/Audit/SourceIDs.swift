import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// Collects the ids that the source lists for a window; everything else in the pages is ignored.
final class SourceIDs: WindowTaker {
    private let scratch: ProofScratch
    private let window: Range<Timestamp>
    private let isSecond: Bool
    private let tell: @Sendable (Int, SourceFault?) -> Void
    private let counts = Mutex<(ids: Int, unreadable: Int)>((0, 0))

    /// Creates a collector of ids.
    ///
    /// With `isSecond` the window is read a second time, to find out which ids the source still lists. `tell`
    /// is called with the number of records so far, and with a fault while it lasts.
    init(
        scratch: ProofScratch,
        window: Range<Timestamp>,
        isSecond: Bool = false,
        tell: @escaping @Sendable (Int, SourceFault?) -> Void
    ) {
        self.scratch = scratch
        self.window = window
        self.isSecond = isSecond
        self.tell = tell
    }

    /// The number of records in the window that could not be parsed.
    var unreadable: Int { counts.withLock { $0.unreadable } }

    func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID? {
        let events = page.records.map(\.event)
        // A source may round its bounds to the second.
        var ids = events.filter { $0.isReadable && window.contains($0.created) }
            .map { ProofScratch.Unknown(id: $0.externalID, time: $0.created) }
        let unreadable = Set(events.filter { !$0.isReadable }.map(\.externalID))
        if !unreadable.isEmpty {
            // Unreadable records have no time and may be stored after the window, so they are looked up by
            // id.
            ids += unreadable.map { ProofScratch.Unknown(id: $0, time: nil) }
        }
        try await scratch.addSource(ids, again: isSecond)
        let count = counts.withLock { counts in
            counts.ids += page.records.count
            counts.unreadable += unreadable.count
            return counts.ids
        }
        tell(count, nil)
        return nil
    }

    func report(_ fault: SourceFault?) async throws(StoreError) {
        tell(counts.withLock { $0.ids }, fault)
    }
}
