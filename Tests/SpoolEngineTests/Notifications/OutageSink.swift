import SpoolCore
import SpoolPipeline
import Synchronization

/// A sink whose behaviour the test sets.
final class OutageSink: Sink {
    enum Mood: Sendable {
        /// Nothing listens.
        case down
        /// It closes each connection when something is sent.
        case cutting
        /// It requires other settings.
        case refusing
        /// It accepts what is sent, and settles it on `settle()`.
        case silent
        case up
    }

    private struct State {
        var mood = Mood.down
        var unsettled: [@Sendable () -> Void] = []
        var settled = 0
    }

    let name = SinkName("siem")
    let type = "test"
    let address = "test://siem"
    let needsRaw = false
    let doubt = KernelDoubt.none
    let batchLimit = BatchLimit(events: 10)
    private let state = Mutex(State())
    /// Notified for every accepted batch.
    let took = ChangeSignal()

    /// The number of events settled immediately.
    var settled: Int { state.withLock { $0.settled } }

    func set(_ mood: Mood) { state.withLock { $0.mood = mood } }

    /// Settles the accepted batches.
    func settle() {
        let unsettled = state.withLock { state in
            defer { state.unsettled = [] }
            return state.unsettled
        }
        for settle in unsettled { settle() }
    }

    func open() async throws(SinkFault) -> any SinkSession {
        switch state.withLock({ $0.mood }) {
        case .down: throw SinkFault(.unreachable, "refused")
        case .refusing: throw SinkFault(.misconfigured, "certificate")
        case .cutting, .silent, .up: return OutageSession(self)
        }
    }

    func rehearse(_ batch: EventBatch) {}

    fileprivate func take(_ batch: SettledBatch, _ output: AsyncStream<Settlement>.Continuation) {
        switch state.withLock({ $0.mood }) {
        case .down, .cutting, .refusing:
            output.yield(.ended(SinkFault(.unreachable, isUnclean: true, "reset")))
            return
        case .silent: state.withLock { $0.unsettled.append { output.yield(.settled([batch])) } }
        case .up:
            state.withLock { $0.settled += batch.runs.reduce(0) { $0 + $1.count } }
            output.yield(.settled([batch]))
        }
        took.notify()
    }
}

private final class OutageSession: SinkSession {
    let settlements: AsyncStream<Settlement>
    private let output: AsyncStream<Settlement>.Continuation
    private let sink: OutageSink

    init(_ sink: OutageSink) {
        self.sink = sink
        (settlements, output) = AsyncStream.makeStream()
    }

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        let run = OutcomeRun(count: batch.count, outcome: .delivered(.acknowledged))
        sink.take(SettledBatch(batch: number, runs: [run], bytes: batch.count), output)
    }

    func finish(timeout: Duration) async {
        output.yield(.finished)
        output.finish()
    }

    func close() async { output.finish() }
}
