package import Logging
package import SpoolCore
import Synchronization

/// A source whose answers carry the accepted time (`SourceClock`) instead of their own `Date`.
///
/// This is the only place where the source's time is determined. Cursors, sweeps, windows, refetches and
/// retention use it from here.
package struct ClockedSource: ForwardingSource {
    package let base: any Source
    private let time: Clocks
    private let logger: Logger
    private let clock: Clock

    /// Shared by all streams, because they come from one host.
    private final class Clock: Sendable {
        let state = Mutex(SourceClock())
    }

    package init(_ source: any Source, time: Clocks, logger: Logger) {
        base = source
        self.time = time
        var logger = logger
        logger[metadataKey: "source"] = "\(source.name)"
        self.logger = logger
        clock = Clock()
    }

    package var clockDoubt: ClockDoubt? { clock.state.withLock { $0.doubt } }

    package func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        heard(try await base.date(for: stream)).date
    }

    package func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        let answer = try await base.answer(of: stream, scan: scan, limit: limit)
        return ClockedAnswer(base: answer) { page in
            let (date, doubt) = heard(page.date, saved: Self.times(of: page))
            return Page(body: page.body, records: page.records, date: date, next: page.next, doubt: doubt)
        }
    }

    /// The times at which records were saved at the source, or alerts raised.
    private static func times(of page: Page) -> [Timestamp] {
        page.records.filter { $0.hasOwnTime && $0.event.isReadable }.map(\.event.created)
    }

    private func heard(_ date: Timestamp, saved: [Timestamp] = []) -> (date: Timestamp, doubt: String?) {
        let (wall, elapsed) = (time.wall(), time.elapsed())
        let (taken, before, after) = clock.state.withLock { clock in
            let before = clock.doubt
            return (clock.hear(date, saved: saved, wall: wall, elapsed: elapsed), before, clock.doubt)
        }
        if let after, before?.isBelieved != after.isBelieved {
            logger.warning(
                after.isBelieved ? "this machine's clock is behind" : "source clock rejected",
                metadata: ["date": "\(date)", "taken": "\(taken)", "cause": "\(after)"]
            )
        } else if before != nil, after == nil {
            logger.notice("clocks agree", metadata: ["date": "\(date)"])
        }
        return (taken, after?.description)
    }
}

/// An answer whose page carries a different date than its own.
private struct ClockedAnswer: ForwardingAnswer {
    let base: any SourceAnswer
    let dated: @Sendable (Page) -> Page

    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        dated(try base.page(leaving: unread))
    }
}
