import SpoolCore
import SpoolPipeline
import Synchronization

/// A source that records the source's time from each response, even while fetching is paused: only retention
/// frees space then, and retention requires that time.
struct DatedSource: ForwardingSource {
    let base: any Source
    /// The ids of its streams in the spool.
    let ids: [StreamName: StreamID]
    let dates: SourceDates

    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        let date = try await base.date(for: stream)
        note(date, of: stream)
        return date
    }

    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        let answer = try await base.answer(of: stream, scan: scan, limit: limit)
        return DatedAnswer(base: answer) { note($0, of: stream) }
    }

    private func note(_ date: Timestamp, of stream: SourceStream) {
        if let id = ids[stream.name] { dates.note(date, of: id) }
    }
}

/// An answer that reports its date when it is read.
private struct DatedAnswer: ForwardingAnswer {
    let base: any SourceAnswer
    let note: @Sendable (Timestamp) -> Void

    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        let page = try base.page(leaving: unread)
        note(page.date)
        return page
    }
}

/// The sources' clocks, as their responses report them; retention uses them, never the local clock.
final class SourceDates: Sendable {
    private let dates = Mutex<[StreamID: (date: Timestamp, at: Duration)]>([:])
    private let time: Clocks

    init(time: Clocks) { self.time = time }

    /// Records the `Date` of a response.
    func note(_ date: Timestamp, of stream: StreamID) {
        dates.withLock { $0[stream] = (date, time.elapsed()) }
    }

    /// The source's current time for every stream that has had a response since the start.
    func now() -> [StreamID: Timestamp] {
        dates.withLock { dates in dates.mapValues { $0.date + (time.elapsed() - $0.at) } }
    }
}
