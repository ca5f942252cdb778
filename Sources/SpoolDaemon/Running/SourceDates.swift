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
