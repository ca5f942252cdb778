package import Logging
package import SpoolCore

/// Keeps a record that traps the process from trapping it at every start.
///
/// After an unclean end each step that may trap is marked in the spool before it begins, and the mark is cleared
/// after it. One marked step is under way at a time, over all loops, so that an end under a mark was that step's.
/// A record that traps when nothing but it is read or rendered is left alone from then on.
package final class CrashWatch: Sendable {
    /// How long after a start steps are marked: what traps at every start does so before.
    package static let span = Duration.minutes(15)

    private let store: any CrashMarkStore
    private let history: CrashHistory
    private let time: Timekeeper
    private let patiently: Patience
    private let logger: Logger
    /// Steps are marked until then; nil after a clean end.
    private let until: Duration?
    private let turns = Permits(1)

    private init(_ store: any CrashMarkStore, _ history: CrashHistory, _ time: Timekeeper, _ logger: Logger) {
        self.store = store
        self.history = history
        self.time = time
        self.logger = logger
        patiently = Patience(time: time, logger: logger)
        until = store.endedUncleanly ? time.elapsed() + Self.span : nil
    }

    /// Reads what earlier runs have left.
    package static func begin(_ store: any CrashMarkStore, time: Timekeeper, logger: Logger)
        async throws(StoreError) -> CrashWatch
    {
        CrashWatch(store, CrashHistory(try await store.marksOfUncleanEnds()), time, logger)
    }

    private var isMarking: Bool { until.map { time.elapsed() < $0 } ?? false }

    // MARK: Pages

    /// Reads an answer, without the records that are known to trap.
    func page(of answer: any SourceAnswer, scan: Scan, _ stream: StreamName, stop: Stop)
        async throws(StoreError) -> Result<Page, SourceFault>
    {
        let mark = CrashMark.page(of: scan, stream)
        let isSuspect = isMarking && history.isSuspect(mark)
        guard isMarking || history.knowsOne(of: mark.subject) else { return Self.read(answer, []) }
        let marks =
            isSuspect || history.knowsOne(of: mark.subject)
            ? answer.keys.map { CrashMark.record($0, stream) } : []
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

    /// Reads older records anew, under `mark` as a whole; each alone, where that has trapped.
    ///
    /// - Parameters:
    ///   - mark: stands for all of them.
    ///   - singles: the mark of each: that of its page's reading, so that a record which trapped there is known.
    ///   - count: how many they are.
    ///   - stop: ends the waiting for its turn.
    ///   - read: reads one; with true, it has to leave it unread and make an unreadable one of it.
    /// - Returns: the events in order; nil when told to stop.
    /// - Throws: what keeps a mark from being set or cleared.
    package func events(
        under mark: CrashMark,
        singles: @Sendable () -> [CrashMark],
        count: Int,
        stop: Stop,
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

    /// Reads an answer at once.
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

    /// Renders a batch for trial, if that may trap, and says how it is to be sent: whole, or around what traps.
    ///
    /// - Returns: no part at all when told to stop.
    func parts(of batch: LaneBatch, to sink: any Sink, stop: Stop) async throws(StoreError) -> [Part] {
        guard isMarking || history.knowsOne(of: sink.name.text), let first = batch.events.first else {
            return [.send(batch)]
        }
        let mark = CrashMark.batch(from: first, sink.name)
        let isSuspect = isMarking && history.isSuspect(mark)
        let events = batch.events.seqs.map { CrashMark.event(Seq($0), sink.name) }
        let trapped = events.indices.filter { history.hasTrapped(events[$0]) }
        if !trapped.isEmpty { tell("events not sent, because rendering them crashed spool", trapped.count) }
        let parts = isSuspect ? batch.singly(burying: trapped) : batch.split(burying: trapped)
        guard isMarking else { return parts }
        for case .send(let part) in parts {
            let single =
                part.events.count == 1 ? part.events.first.map { CrashMark.event($0, sink.name) } : nil
            guard try await step(single ?? mark, stop, { sink.rehearse(part.events) }) != nil else {
                return []
            }
        }
        if isSuspect {
            try await patiently("clearing a mark", stop: stop) { () async throws(StoreError) in
                try await self.store.clear(mark)
            }
        }
        return parts
    }

    // MARK: Steps

    /// Does `body` under a mark, and nothing else that is marked at the same time.
    ///
    /// - Returns: nil when told to stop before its turn.
    private func step<Value: Sendable>(_ mark: CrashMark, _ stop: Stop, _ body: @Sendable () -> Value)
        async throws(StoreError) -> Value?
    {
        guard await turns.take(stop: stop) else { return nil }
        defer { turns.give() }
        try await patiently("marking a step", stop: stop) { () async throws(StoreError) in
            try await self.store.mark(mark, at: self.time.wall())
        }
        let value = body()
        try await patiently("clearing a mark", stop: stop) { () async throws(StoreError) in
            try await self.store.clear(mark)
        }
        return value
    }

    private func tell(_ message: Logger.Message, _ count: Int) {
        logger.warning(message, metadata: ["records": "\(count)"])
    }
}

extension SourceFault {
    /// Nobody hears of it: the loop has been told to stop.
    fileprivate static let stopped = SourceFault(.incomplete, "stopped before the page was parsed")
}
