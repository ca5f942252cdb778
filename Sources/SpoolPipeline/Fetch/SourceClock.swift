package import Logging
package import SpoolCore
import Synchronization

/// Decides which time of a source is accepted.
///
/// Cursors, windows, sweeps and retention use the source's own time. With a `Date` that is too late they
/// would skip records that have not been saved yet. The accepted time is therefore the `Date`, but never
/// later than the latest time that has certainly passed. This is proved by the local clock, by the previously
/// accepted time, or by records, since a record is only returned after the time at which it was saved. A time
/// that is too early only causes records to be read again.
package struct SourceClock: Sendable, Equatable {
    /// A `Date` may be this much ahead of the local clock; if it is further ahead, the clocks differ.
    static let agreement = Duration.minutes(5)
    /// This many different record times prove that the earliest of them has passed; a single record may have
    /// a wrong date.
    static let witnesses = 3

    private struct Reading: Sendable, Equatable {
        var date: Timestamp
        var at: Duration

        func time(at elapsed: Duration) -> Timestamp { date + (elapsed - at) }
    }

    /// The last accepted time.
    private var taken: Reading?
    /// The records that prove the latest times, at most `witnesses`, each with the time at which it was first
    /// seen.
    private var records: [Reading] = []
    /// Set while the source's last `Date` was too far ahead of the local clock.
    package private(set) var doubt: ClockDoubt?

    package init() {}

    /// Notes the `Date` of an answer and the times of its records.
    ///
    /// - Parameters:
    ///   - date: the `Date` of the answer.
    ///   - saved: the times at which the source saved the records; those after `date` prove nothing.
    ///   - wall: the local clock.
    ///   - elapsed: the monotonic clock.
    /// - Returns: the time to use, at most `date`.
    package mutating func hear(
        _ date: Timestamp,
        saved: some Sequence<Timestamp> = [],
        wall: Timestamp,
        elapsed: Duration
    ) -> Timestamp {
        for time in saved where time <= date { note(Reading(date: time, at: elapsed), elapsed) }
        let certain = [wall, taken?.time(at: elapsed), proved(at: elapsed)].compactMap { $0 }.max() ?? wall
        let time = min(date, certain)
        taken = Reading(date: time, at: elapsed)
        setDoubt(date, time, wall: wall)
        return time
    }

    /// The latest time that records prove to have passed; nil while there are too few records.
    private func proved(at elapsed: Duration) -> Timestamp? {
        guard records.count == Self.witnesses else { return nil }
        return records.map { $0.time(at: elapsed) }.min()
    }

    private mutating func note(_ record: Reading, _ elapsed: Duration) {
        // The first observation of a record proves the most.
        guard !records.contains(where: { $0.date == record.date }) else { return }
        records.append(record)
        guard records.count > Self.witnesses else { return }
        let least = records.indices.min { records[$0].time(at: elapsed) < records[$1].time(at: elapsed) }
        if let least { records.remove(at: least) }
    }

    private mutating func setDoubt(_ date: Timestamp, _ time: Timestamp, wall: Timestamp) {
        guard date.since(wall) > Self.agreement else { return doubt = nil }
        let isBelieved = date.since(time) <= Self.agreement
        // The text names the first difference and stays the same while the doubt lasts.
        if let doubt, doubt.isBelieved == isBelieved {
            self.doubt = ClockDoubt(claimed: date, isBelieved: isBelieved, description: doubt.description)
        } else {
            doubt = ClockDoubt(claimed: date, isBelieved: isBelieved, ahead: date.since(wall))
        }
    }
}

extension ClockDoubt {
    fileprivate init(claimed: Timestamp, isBelieved: Bool, ahead: Duration) {
        let text = Age.text(ahead)
        self.init(
            claimed: claimed,
            isBelieved: isBelieved,
            description: isBelieved
                ? "this machine's clock is \(text) behind the source's time, which is used because the "
                    + "source's records confirm it; correct this machine's clock (NTP)"
                : "the source's answers are dated \(text) ahead of this machine's clock, and these dates are "
                    + "not trusted: records are read from an earlier time, so that none is missed; correct "
                    + "this machine's clock (NTP), or find out what sets the wrong date, such as a proxy"
        )
    }
}

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
