import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// Notes the ids that the source shows of a window, and nothing else of its pages.
final class SourceIDs: WindowTaker {
    private let scratch: ProofScratch
    private let window: Range<Timestamp>
    private let isSecond: Bool
    private let tell: @Sendable (Int, SourceFault?) -> Void
    private let counts = Mutex<(ids: Int, unreadable: Int)>((0, 0))

    /// Makes a taker.
    ///
    /// `isSecond`: the window is read a second time, to see which ids the source goes on showing. `tell` is called with
    /// the number of records so far, and with a fault while it lasts.
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

    /// Records of the window that could not be understood.
    var unreadable: Int { counts.withLock { $0.unreadable } }

    func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID? {
        let events = page.records.map(\.event)
        // A source may round its bounds to the second.
        var ids = events.filter { $0.isReadable && window.contains($0.created) }
            .map { ProofScratch.Unknown(id: $0.externalID, time: $0.created) }
        let unreadable = Set(events.filter { !$0.isReadable }.map(\.externalID))
        if !unreadable.isEmpty {
            // They have no time of their own, and may have come after the window: the spool's are looked up by their ids.
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

    func troubled(by fault: SourceFault?) async throws(StoreError) {
        tell(counts.withLock { $0.ids }, fault)
    }
}
