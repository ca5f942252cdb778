package import Logging
package import SpoolCore

/// Keeps a poison record from crashing the process at every start.
///
/// After an unclean end, each step that may crash is marked in the spool before it starts, and the mark is
/// cleared afterwards. Only one marked step runs at a time, over all loops, so that a crash under a mark was
/// caused by that step. A record that crashes the process when it is parsed or rendered alone is skipped from
/// then on.
package final class PoisonGuard: Sendable {
    /// How long steps are marked after a start; a record that crashes every start does so within this time.
    package static let span = Duration.minutes(15)

    private let store: RetryingStore<any PoisonMarkStore>
    private let history: PoisonHistory
    private let time: Clocks
    private let logger: Logger
    /// Steps are marked until this monotonic time; nil after a clean end.
    private let until: Duration?
    private let turns = AsyncSemaphore(1)

    private init(_ store: any PoisonMarkStore, _ history: PoisonHistory, _ time: Clocks, _ logger: Logger) {
        self.store = RetryingStore(store, retry: StoreRetry(time: time, logger: logger))
        self.history = history
        self.time = time
        self.logger = logger
        until = store.endedUncleanly ? time.elapsed() + Self.span : nil
    }

    /// Reads the crash counts of earlier runs.
    package static func begin(_ store: any PoisonMarkStore, time: Clocks, logger: Logger)
        async throws(StoreError) -> PoisonGuard
    {
        PoisonGuard(store, PoisonHistory(try await store.marksOfUncleanEnds()), time, logger)
    }

    private var isMarking: Bool { until.map { time.elapsed() < $0 } ?? false }

    // MARK: Pages

    /// Parses an answer, except known poison records.
    func page(of answer: any SourceAnswer, scan: Scan, _ stream: StreamName, stop: ShutdownRequest)
        async throws(StoreError) -> Result<Page, SourceFault>
    {
        let mark = PoisonMark.page(of: scan, stream)
        let isSuspect = isMarking && history.isSuspect(mark)
        guard isMarking || history.knowsOne(of: mark.subject) else { return Self.read(answer, []) }
        let marks =
            isSuspect || history.knowsOne(of: mark.subject)
            ? answer.keys.map { PoisonMark.record($0, stream) } : []
        let unread = Set(marks.indices.filter { history.hasTrapped(marks[$0]) })
        if !unread.isEmpty { tell("records not parsed, because parsing them crashed spool", unread.count) }
        guard isMarking else { return Self.read(answer, unread) }
        if isSuspect {
            for index in marks.indices where !unread.contains(index) {
                guard try await step(marks[index], stop, { answer.rehearse(index) }) != nil else {
                    return .failure(.stopped)
                }
            }
        }
        return try await step(mark, stop) { Self.read(answer, unread) } ?? .failure(.stopped)
    }

    /// Parses older records again: together under `mark`, or one by one first if that has crashed.
    ///
    /// - Parameters:
    ///   - mark: the mark for all of them together.
    ///   - singles: the marks of the single records, the same as when their page is parsed, so that a record
    ///     that crashed there is recognised.
    ///   - count: the number of records.
    ///   - stop: ends the wait for its turn.
    ///   - read: parses one record; if the flag is true, it must not parse it but return an unreadable event.
    /// - Returns: the events in order; nil after a stop.
    /// - Throws: an error of setting or clearing a mark.
    package func events(
        under mark: PoisonMark,
        singles: @Sendable () -> [PoisonMark],
        count: Int,
        stop: ShutdownRequest,
        _ read: @escaping @Sendable (Int, Bool) -> Event
    ) async throws(StoreError) -> [Event]? {
        let isSuspect = isMarking && history.isSuspect(mark)
        let marks = isSuspect || history.knowsRecords ? singles() : []
        let unread = Set(marks.indices.filter { history.hasTrapped(marks[$0]) })
        if !unread.isEmpty { tell("records not parsed, because parsing them crashed spool", unread.count) }
        let readAll: @Sendable () -> [Event] = { (0..<count).map { read($0, unread.contains($0)) } }
        guard isMarking else { return readAll() }
        if isSuspect {
            for index in marks.indices where !unread.contains(index) {
                guard try await step(marks[index], stop, { _ = read(index, false) }) != nil else {
                    return nil
                }
            }
        }
        return try await step(mark, stop, readAll)
    }

    /// Parses an answer without marks.
    static func read(_ answer: any SourceAnswer, _ unread: Set<Int>) -> Result<Page, SourceFault> {
        do throws(SourceFault) {
            return .success(try answer.page(leaving: unread))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Batches

    /// A part of a batch.
    enum Part: Sendable {
        case send(LaneBatch)
        /// An event that must not be rendered: a dead letter.
        case bury(LaneBatch)
    }

    /// Splits a batch into parts so that poison records are not rendered.
    ///
    /// After an unclean end, each part is first rendered in a dry run, under a mark.
    ///
    /// - Returns: the parts; empty after a stop.
    func parts(of batch: LaneBatch, to sink: any Sink, stop: ShutdownRequest) async throws(StoreError)
        -> [Part]
    {
        guard isMarking || history.knowsOne(of: sink.name.text), let first = batch.events.first else {
            return [.send(batch)]
        }
        let mark = PoisonMark.batch(from: first, sink.name)
        let isSuspect = isMarking && history.isSuspect(mark)
        let events = batch.events.seqs.map { PoisonMark.event(Seq($0), sink.name) }
        let trapped = events.indices.filter { history.hasTrapped(events[$0]) }
        if !trapped.isEmpty { tell("events not sent, because rendering them crashed spool", trapped.count) }
        let parts = isSuspect ? batch.singly(burying: trapped) : batch.split(burying: trapped)
        guard isMarking else { return parts }
        for case .send(let part) in parts {
            let single =
                part.events.count == 1 ? part.events.first.map { PoisonMark.event($0, sink.name) } : nil
            guard try await step(single ?? mark, stop, { sink.rehearse(part.events) }) != nil else {
                return []
            }
        }
        if isSuspect {
            try await store.until(stop).clear(mark)
        }
        return parts
    }

    // MARK: Steps

    /// Calls `body` under a mark, while no other marked step runs.
    ///
    /// - Returns: the result; nil when `stop` was requested before its turn.
    private func step<Value: Sendable>(
        _ mark: PoisonMark,
        _ stop: ShutdownRequest,
        _ body: @Sendable () -> Value
    )
        async throws(StoreError) -> Value?
    {
        guard await turns.take(stop: stop) else { return nil }
        defer { turns.give() }
        try await store.until(stop).mark(mark, at: time.wall())
        let value = body()
        try await store.until(stop).clear(mark)
        return value
    }

    private func tell(_ message: Logger.Message, _ count: Int) {
        logger.warning(message, metadata: ["records": "\(count)"])
    }
}

extension SourceFault {
    /// Not reported, because the loop is stopping.
    fileprivate static let stopped = SourceFault(.incomplete, "stopped before the page was parsed")
}

extension LaneBatch {
    /// Splits the batch around the events that must not be rendered, each of which becomes its own part.
    func split(burying trapped: [Int]) -> [PoisonGuard.Part] {
        guard !trapped.isEmpty else { return [.send(self)] }
        var parts: [PoisonGuard.Part] = []
        var next = 0
        for index in trapped {
            if next < index { parts.append(.send(part(next..<index))) }
            parts.append(.bury(part(index..<index + 1)))
            next = index + 1
        }
        if next < events.count { parts.append(.send(part(next..<events.count))) }
        return parts
    }

    /// Splits the batch into single events.
    func singly(burying trapped: [Int]) -> [PoisonGuard.Part] {
        events.seqs.indices.map { index in
            let single = part(index..<index + 1)
            return trapped.contains(index) ? .bury(single) : .send(single)
        }
    }

    /// A part of its events; the last part covers the lane up to `through`.
    private func part(_ range: Range<Int>) -> LaneBatch {
        let last = Seq(events.seqs[range.upperBound - 1])
        return LaneBatch(
            lane: lane,
            events: events.part(range),
            through: range.upperBound == events.count ? through : last,
            epoch: epoch
        )
    }
}

/// Decides which steps are suspect, from the crash counts that earlier runs left in the spool.
package struct PoisonHistory: Sendable {
    private let ends: [PoisonMark: Int]
    private let subjects: Set<String>

    package init(_ ends: [PoisonMark: Int]) {
        self.ends = ends
        subjects = Set(
            ends.filter { $0.value >= PoisonMark.suspicious && $0.key.isSingle }.map(\.key.subject)
        )
    }

    /// True when the records of a page, or the events of a batch, must be processed one by one.
    package func isSuspect(_ mark: PoisonMark) -> Bool { ends[mark, default: 0] >= PoisonMark.suspicious }

    /// True when this single record or event has crashed the process repeatedly: it is a poison record.
    package func hasTrapped(_ mark: PoisonMark) -> Bool { ends[mark, default: 0] >= PoisonMark.suspicious }

    /// True when any stream has a poison record.
    package var knowsRecords: Bool {
        ends.contains { $0.key.step == .page && $0.key.isSingle && hasTrapped($0.key) }
    }

    /// True when this stream or sink has a poison record; otherwise the search is skipped.
    package func knowsOne(of subject: String) -> Bool { subjects.contains(subject) }
}

extension PoisonMark {
    fileprivate var isSingle: Bool { place.hasPrefix(PoisonMark.single) }
}
