import SpoolCore
import Synchronization

/// A destination that a test controls: it opens sessions as scripted and keeps them for the test.
final class ScriptedSink: Sink {
    /// The behaviour of the next `open`.
    enum Opening: Sendable {
        case accept
        case fault(SinkFault)
        /// Hangs until cancelled.
        case hang
    }

    private struct State {
        var openings: [Opening] = []
        var attempts = 0
        var sessions: [ScriptedSession] = []
    }

    let name = SinkName("siem")
    let type = "scripted"
    let address = "scripted://siem"
    let needsRaw = false
    let batchLimit: BatchLimit
    let doubt: KernelDoubt
    private let state = Mutex(State())
    private let changed = ChangeSignal()
    /// Drives every session; nil leaves that to the test.
    private let play: (@Sendable (ScriptedSession, Int, [Seq]) -> Void)?

    init(
        batch: Int = 3,
        openings: [Opening] = [],
        doubt: KernelDoubt = .none,
        play: (@Sendable (ScriptedSession, Int, [Seq]) -> Void)? = nil
    ) {
        batchLimit = BatchLimit(events: batch)
        self.play = play
        self.doubt = doubt
        state.withLock { $0.openings = openings }
    }

    /// How often `open` was called.
    var attempts: Int { state.withLock { $0.attempts } }

    /// The sessions opened so far.
    var sessions: [ScriptedSession] { state.withLock { $0.sessions } }

    func open() async throws(SinkFault) -> any SinkSession {
        let opening = state.withLock { state in
            state.attempts += 1
            return state.openings.isEmpty ? Opening.accept : state.openings.removeFirst()
        }
        changed.notify()
        switch opening {
        case .accept: break
        case .fault(let fault): throw fault
        case .hang:
            await ChangeSignal().changed(after: 0)
            throw SinkFault(.unreachable, "cancelled")
        }
        let session = ScriptedSession(play: play)
        state.withLock { $0.sessions.append(session) }
        changed.notify()
        return session
    }

    func rehearse(_ batch: EventBatch) {}

    /// The session of this index, once it is open.
    func session(_ index: Int) async -> ScriptedSession {
        while true {
            let version = changed.version
            if let session = state.withLock({ $0.sessions.indices.contains(index) ? $0.sessions[index] : nil }
            ) {
                return session
            }
            await changed.changed(after: version)
            if Task.isCancelled { return ScriptedSession(play: nil) }
        }
    }

    /// Waits until `open` was called this often.
    func attempted(_ count: Int) async {
        while !Task.isCancelled {
            let version = changed.version
            if attempts >= count { return }
            await changed.changed(after: version)
        }
    }
}

/// A session that settles, loses and refuses on command.
final class ScriptedSession: SinkSession {
    private struct State {
        var sent: [(number: Int, seqs: [Seq])] = []
        var answered = 0
        var blocksSend = false
        var neverFinishes = false
        var settlesByItself = false
        var isFinishing = false
        var isOver = false
    }

    let settlements: AsyncStream<Settlement>
    private let output: AsyncStream<Settlement>.Continuation
    private let state = Mutex(State())
    private let changed = ChangeSignal()
    private let play: (@Sendable (ScriptedSession, Int, [Seq]) -> Void)?

    init(play: (@Sendable (ScriptedSession, Int, [Seq]) -> Void)?) {
        (settlements, output) = AsyncStream.makeStream()
        self.play = play
    }

    // MARK: Called by the loop

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        let seqs = batch.seqs.map { Seq($0) }
        let isOver = state.withLock { state in
            if !state.isOver { state.sent.append((number, seqs)) }
            return state.isOver
        }
        changed.notify()
        if isOver { throw SinkFault(.unreachable, "the session is over") }
        if state.withLock({ $0.settlesByItself }) { settle() }
        play?(self, number, seqs)
        while state.withLock({ $0.blocksSend && !$0.isOver }), !Task.isCancelled {
            let version = changed.version
            if state.withLock({ $0.blocksSend && !$0.isOver }) { await changed.changed(after: version) }
        }
        if state.withLock({ $0.isOver }) || Task.isCancelled {
            throw SinkFault(.unreachable, "the session is over")
        }
    }

    func finish(timeout: Duration) async {
        state.withLock { $0.isFinishing = true }
        changed.notify()
        finishIfSettled()
    }

    func close() async { end(SinkFault(.unreachable, isUnclean: true, "closed by us")) }

    // MARK: Called by tests

    /// Batches sent so far, by their events.
    var batches: [[Seq]] { state.withLock { $0.sent.map(\.seqs) } }

    /// The numbers of the batches sent so far.
    var numbers: [Int] { state.withLock { $0.sent.map(\.number) } }

    /// True once the session has ended.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// From now on `send` blocks.
    func blockSends() { state.withLock { $0.blocksSend = true } }

    /// From now on `finish` has no effect.
    func neverFinish() { state.withLock { $0.neverFinishes = true } }

    /// Settles the oldest unsettled batch with these outcomes; nil: all delivered.
    func settle(_ runs: [OutcomeRun]? = nil) {
        let next = state.withLock { state -> (number: Int, seqs: [Seq])? in
            guard !state.isOver, state.answered < state.sent.count else { return nil }
            defer { state.answered += 1 }
            return state.sent[state.answered]
        }
        guard let next else { return }
        let outcomes = runs ?? [.delivered(next.seqs.count)]
        output.yield(
            .settled([SettledBatch(batch: next.number, runs: outcomes, bytes: next.seqs.count * 100)])
        )
        finishIfSettled()
    }

    /// Settles all batches that were sent and will be sent.
    func settleAll() {
        let open = state.withLock { state in
            state.settlesByItself = true
            return state.sent.count - state.answered
        }
        for _ in 0..<open { settle() }
    }

    /// Refuses the oldest unsettled batch as a whole; later batches will not be settled.
    func refuseWhole() {
        let number = state.withLock { state -> Int? in
            guard !state.isOver, state.answered < state.sent.count else { return nil }
            defer { state.answered = state.sent.count }
            return state.sent[state.answered].number
        }
        guard let number else { return }
        output.yield(.refusedWhole(batch: number, Refusal(reason: "rejected", detail: "400")))
    }

    /// Ends the session.
    func end(_ fault: SinkFault) {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        output.yield(.ended(fault))
        output.finish()
        changed.notify()
    }

    /// The events of the oldest unsettled batch.
    var oldestUnsettled: [Seq]? {
        state.withLock { state in
            state.isOver || state.answered >= state.sent.count ? nil : state.sent[state.answered].seqs
        }
    }

    /// Waits until this many batches were sent.
    func sent(_ count: Int) async { await until { $0.sent.count >= count } }

    /// Waits until the loop has called `finish`.
    func finishing() async { await until { $0.isFinishing } }

    private func until(_ condition: (State) -> Bool) async {
        while !Task.isCancelled {
            let version = changed.version
            if state.withLock({ condition($0) }) { return }
            await changed.changed(after: version)
        }
    }

    private func finishIfSettled() {
        let isDone = state.withLock { state in
            guard state.isFinishing, !state.neverFinishes, !state.isOver, state.answered == state.sent.count
            else {
                return false
            }
            state.isOver = true
            return true
        }
        guard isDone else { return }
        output.yield(.finished)
        output.finish()
    }
}
