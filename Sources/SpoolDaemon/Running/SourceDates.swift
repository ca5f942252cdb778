import SpoolCore
import SpoolPipeline
import Synchronization

/// What the sources' own clocks say, as their pages tell it; retention counts by it, never by the local clock.
final class SourceDates: Sendable {
    private let dates = Mutex<[StreamID: (date: Timestamp, at: Duration)]>([:])
    private let time: Timekeeper

    init(time: Timekeeper) { self.time = time }

    /// Notes the `Date` of an answer.
    func note(_ date: Timestamp, of stream: StreamID) {
        dates.withLock { $0[stream] = (date, time.elapsed()) }
    }

    /// The source's time now, for every stream that has been answered since the start.
    func now() -> [StreamID: Timestamp] {
        dates.withLock { dates in dates.mapValues { $0.date + (time.elapsed() - $0.at) } }
    }
}

/// A page store that notes the dates of the pages it passes on.
struct DatedPageStore: PageStore {
    let store: any PageStore
    let dates: SourceDates

    func progress(of stream: StreamID) async throws(StoreError) -> StreamProgress {
        try await store.progress(of: stream)
    }

    func begin(_ stream: StreamID, start: Timestamp, sweptTo: Timestamp) async throws(StoreError) {
        try await store.begin(stream, start: start, sweptTo: sweptTo)
    }

    func append(_ commit: PageCommit) async throws(StoreError) -> PageReceipt {
        let receipt = try await store.append(commit)
        dates.note(commit.page.date, of: commit.stream)
        return receipt
    }

    func abandon(_ scan: Scan, of stream: StreamID, at: Timestamp) async throws(StoreError) {
        try await store.abandon(scan, of: stream, at: at)
    }

    func report(_ trouble: StreamTrouble?, of stream: StreamID) async throws(StoreError) {
        try await store.report(trouble, of: stream)
    }

    func mustPause() async throws(StoreError) -> Bool { try await store.mustPause() }
}
