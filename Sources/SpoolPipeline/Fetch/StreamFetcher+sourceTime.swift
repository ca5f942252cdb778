import Logging
import SpoolCore

extension StreamFetcher {
    /// Requests the source's own time, and starts a new stream with it.
    func firstDate(_ reporter: inout StreamReporter, _ beginning: inout Beginning, stop: ShutdownRequest)
        async throws(StoreError) -> (date: Timestamp, at: Duration)?
    {
        try await reporter.reportPause(gate.pausedBy)
        guard await gate.take(.poll, stop: stop) else { return nil }
        var date: Timestamp
        do throws(SourceFault) {
            date = try await source.date(for: stream)
        } catch {
            if let until = try await pause(after: error, of: .poll, &reporter, stop: stop) {
                await bell.wait(until - time.elapsed(), time: time, stop: stop)
            }
            return nil
        }
        let doubt = source.clockDoubt
        try await reporter.reportAnswer(.poll, endsScan: true, doubt: doubt?.description)
        if let doubt, Beginning.isInDoubt(doubt, date: date) {
            let progress = try await store.doing(.startingStream).progress(of: id)
            if progress.start == nil {
                date = try await confirm(doubt, stop: stop) ?? date
                let isOpen = source.clockDoubt.map { Beginning.isInDoubt($0, date: date) } ?? false
                if isOpen, beginning.mayWait(at: time.elapsed()) {
                    await time.wait(Beginning.pause, or: SeenVersion(stop))
                    return nil
                }
            }
        }
        let known = (date, time.elapsed())
        let start = stream.start.timestamp(now: date - beginning.waited(at: time.elapsed()))
        let sweptTo = max(start, date - stream.lookBack)
        try await store.begin(id, start: start, sweptTo: sweptTo)
        return known
    }

    /// Requests records that the source saved shortly before its claimed time, since they would confirm it.
    ///
    /// - Returns: the time to use afterwards; nil when no page was fetched.
    private func confirm(_ doubt: ClockDoubt, stop: ShutdownRequest) async throws(StoreError) -> Timestamp? {
        var date: Timestamp?
        for age in Beginning.ages where source.clockDoubt?.isBelieved == false {
            guard await gate.take(.poll, stop: stop) else { return date }
            let scan = Scan(
                reason: .poll,
                from: doubt.claimed - age,
                to: nil,
                filterHash: stream.filterHash
            )
            let page = try await pageFetcher.page(of: scan, stream, from: source, limit: 20, stop: stop) {
                page async throws(StoreError) in page.date
            }
            guard case .success(let told)? = page else { return date }
            date = told
        }
        return date
    }

    /// Moves back a cursor that lies in the future.
    ///
    /// Only a wrong time can have moved it there: in an earlier run, or in this run before both clocks were
    /// set back. It is only moved back when the source's time and the local clock agree; otherwise a single
    /// wrong clock could cause years to be read again.
    func pullBack(from progress: StreamProgress, to date: Timestamp) async throws(StoreError) {
        guard let since = progress.cursor?.since, progress.isAhead(of: date) else { return }
        let words: Logger.Metadata = ["since": "\(since)", "date": "\(date)"]
        guard time.wall() <= date + StreamProgress.tolerance else {
            return logger.warning(
                "cursor lies in the future by the source's time, but not by this machine's clock",
                metadata: words
            )
        }
        let back = try await store.pullBack(
            id,
            to: date,
            start: stream.start.timestamp(now: date),
            lookBack: stream.lookBack
        )
        guard let back else { return }
        logger.warning(
            "cursor lies in the future; it was moved back to the last proved position",
            metadata: words.merging(["from": "\(back)"]) { $1 }
        )
    }
}

/// The first start of a stream while the source's time and the local clock differ by more than a day.
///
/// The start of a stream is stored only once. The earlier of both times would start the stream years too
/// early if the local clock is years behind; the later one would skip new records if the source's `Date` is
/// wrong. So the stream requests records that confirm the source's time. Meanwhile the start waits, for an
/// hour at most, because a machine without a battery-backed clock sets its clock soon after booting.
struct Beginning: Sendable {
    /// A start that is too early by less costs one extra day of reading, so it does not wait.
    static let tolerance = Duration.days(1)
    /// How far before the claimed time records are requested, one age after the other.
    static let ages = [Duration.hours(1), .hours(23)]
    /// The pause between two attempts.
    static let pause = Duration.minutes(1)
    /// After this long the stream starts with the earlier time.
    static let limit = Duration.hours(1)

    private var since: Duration?

    /// True while the claimed time is neither confirmed nor close to the time that is used instead.
    static func isInDoubt(_ doubt: ClockDoubt, date: Timestamp) -> Bool {
        !doubt.isBelieved && doubt.claimed.since(date) > tolerance
    }

    /// True until `limit` has passed since the first call.
    mutating func mayWait(at elapsed: Duration) -> Bool {
        let began = since ?? elapsed
        since = began
        return elapsed - began < Self.limit
    }

    /// How long the start has waited; it is subtracted, so that waiting does not move the start.
    func waited(at elapsed: Duration) -> Duration { since.map { elapsed - $0 } ?? .zero }
}
