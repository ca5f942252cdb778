import SpoolCore
import SpoolPipeline
import SpoolStore
import Synchronization

/// A TCP receiver as seen by the sender: a kernel that acknowledges what fits into its buffer, and a process
/// that may or may not read it.
///
/// It records what its process has actually read. Each acknowledged batch is settled immediately, as after
/// the grace.
final class SimulatedReceiver: Sink {
    /// Events that the kernel holds and the process has not read.
    static let capacity = 12

    private struct State {
        var read: Set<String> = []
        var isHung = false
        var isAway = false
        var session: SimulatedSession?
    }

    let name = SinkName("siem")
    let type = "tcp"
    let address = "tcp://siem:601"
    let needsRaw = false
    let batchLimit = BatchLimit(events: 4)
    /// The capacity of its kernel.
    let doubt = KernelDoubt(bytes: Int64(capacity * 100), reopenAfter: nil)
    let changed = ChangeSignal()
    private let state = Mutex(State())

    /// Ids that its process has read.
    var read: Set<String> { state.withLock { $0.read } }

    /// Ids in its kernel that its process has not read; while their connection is open, it may still read
    /// them.
    var unread: Set<String> { session?.buffered ?? [] }

    var isHung: Bool { state.withLock { $0.isHung } }
    var isAway: Bool { state.withLock { $0.isAway } }

    /// True while the receiver cannot accept waiting events.
    var isStuck: Bool { isAway || session?.isBlocked == true }

    /// True while a connection is open.
    var isConnected: Bool { session?.isOver == false }

    fileprivate var connection: SimulatedSession? { state.withLock { $0.session } }
    private var session: SimulatedSession? { connection }

    /// The process stops reading; its kernel continues to accept until it is full.
    func hang() { state.withLock { $0.isHung = true } }

    /// The process resumes reading.
    func resume() {
        state.withLock { $0.isHung = false }
        session?.readAll()
        changed.notify()
    }

    /// The process is killed: the kernel's unread data is lost, and the connection is reset.
    ///
    /// It starts again immediately.
    func kill() {
        state.withLock { $0.isHung = false }
        session?.end(SinkFault(.unreachable, isUnclean: true, "connection reset"))
    }

    /// The process reads everything and closes the connection.
    func close() {
        guard !isHung else { return }
        session?.readAll()
        session?.end(SinkFault(.unreachable, "closed by the receiver"))
    }

    /// No connection is accepted, and the open one is reset.
    func leave() {
        state.withLock { $0.isAway = true }
        kill()
    }

    /// No connection is accepted; the open one continues.
    func refuse() { state.withLock { $0.isAway = true } }

    func comeBack() {
        state.withLock { $0.isAway = false }
        changed.notify()
    }

    func open() async throws(SinkFault) -> any SinkSession {
        guard !isAway else { throw SinkFault(.unreachable, "connection refused") }
        let session = SimulatedSession(self)
        state.withLock { $0.session = session }
        changed.notify()
        return session
    }

    func rehearse(_ batch: EventBatch) {}

    fileprivate func take(_ ids: [String]) { state.withLock { $0.read.formUnion(ids) } }
}

/// A connection to the receiver.
final class SimulatedSession: SinkSession {
    private struct State {
        var kernel: [String] = []
        var isOver = false
        var isBlocked = false
    }

    let settlements: AsyncStream<Settlement>
    private let output: AsyncStream<Settlement>.Continuation
    private let receiver: SimulatedReceiver
    private let state = Mutex(State())

    init(_ receiver: SimulatedReceiver) {
        self.receiver = receiver
        (settlements, output) = AsyncStream.makeStream()
    }

    var buffered: Set<String> { state.withLock { $0.isOver ? [] : Set($0.kernel) } }
    var isOver: Bool { state.withLock { $0.isOver } }
    var isBlocked: Bool { state.withLock { $0.isBlocked && !$0.isOver } }

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        let ids = (0..<batch.count).map { batch.string(.externalID, at: $0) }
        while !accept(ids) {
            let version = receiver.changed.version
            if state.withLock({ $0.isOver }) || Task.isCancelled {
                throw SinkFault(.unreachable, isUnclean: true, "the connection is over")
            }
            if accept(ids) { break }
            await receiver.changed.changed(after: version)
        }
        if !receiver.isHung { readAll() }
        output.yield(
            .settled([
                SettledBatch(
                    batch: number,
                    runs: [OutcomeRun(count: ids.count, outcome: .delivered(.kernel))],
                    bytes: ids.count * 100
                )
            ])
        )
        receiver.changed.notify()
    }

    /// The kernel acknowledges what fits into its buffer.
    private func accept(_ ids: [String]) -> Bool {
        let (isAccepted, isNews) = state.withLock { state in
            guard !state.isOver else { return (false, false) }
            let wasBlocked = state.isBlocked
            state.isBlocked = state.kernel.count + ids.count > SimulatedReceiver.capacity
            if !state.isBlocked { state.kernel += ids }
            return (!state.isBlocked, state.isBlocked && !wasBlocked)
        }
        // Notify only once: a task that waits for a change here would otherwise wake itself.
        if isNews { receiver.changed.notify() }
        return isAccepted
    }

    func readAll() {
        let ids = state.withLock { state in
            defer { state.kernel = [] }
            return state.isOver ? [] : state.kernel
        }
        receiver.take(ids)
    }

    func finish(timeout: Duration) async {
        if receiver.isHung {
            return end(SinkFault(.unreachable, isUnclean: true, "the receiver did not close"))
        }
        readAll()
        over { output.yield(.finished) }
    }

    func close() async { end(SinkFault(.unreachable, isUnclean: true, "closed by us")) }

    func end(_ fault: SinkFault) { over { output.yield(.ended(fault)) } }

    /// The sender's host has crashed: the connection reports nothing more, but the data in the kernel is
    /// still read.
    func abandon() {
        if !receiver.isHung { readAll() }
        over {}
    }

    private func over(_ say: () -> Void) {
        let isFirst = state.withLock { state in
            defer { (state.isOver, state.kernel) = (true, []) }
            return !state.isOver
        }
        guard isFirst else { return }
        say()
        output.finish()
        receiver.changed.notify()
    }
}

extension SimulatedReceiver {
    /// The sender's host crashes: acknowledged data is read if the process reads, and no connection follows.
    func abandonConnection() {
        refuse()
        connection?.abandon()
    }
}
