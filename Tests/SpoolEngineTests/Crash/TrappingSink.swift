import SpoolCore
import Synchronization

/// A sink that settles everything immediately, except for one event whose rendering crashes the process.
final class TrappingSink: Sink {
    let name = SinkName("siem")
    let type = "trapping"
    let address = "trapping://siem"
    let needsRaw = false
    let doubt = KernelDoubt.none
    let batchLimit = BatchLimit(events: 10)
    private let taken = Mutex<[String]>([])
    /// Notified for every accepted batch.
    let took = ChangeSignal()

    /// The accepted ids, in order.
    var ids: [String] { taken.withLock { $0 } }

    func open() async throws(SinkFault) -> any SinkSession { TrappingSession(self) }

    func rehearse(_ batch: EventBatch) { _ = render(batch) }

    fileprivate func take(_ batch: EventBatch) {
        let ids = render(batch)
        taken.withLock { $0 += ids }
        took.notify()
    }

    private func render(_ batch: EventBatch) -> [String] {
        let ids = (0..<batch.count).map { batch.string(.externalID, at: $0) }
        if ids.contains("trap") { fatalError("this event ends the process") }
        return ids
    }
}

private final class TrappingSession: SinkSession {
    let settlements: AsyncStream<Settlement>
    private let output: AsyncStream<Settlement>.Continuation
    private let sink: TrappingSink

    init(_ sink: TrappingSink) {
        self.sink = sink
        (settlements, output) = AsyncStream.makeStream()
    }

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        sink.take(batch)
        let run = OutcomeRun(count: batch.count, outcome: .delivered(.acknowledged))
        output.yield(.settled([SettledBatch(batch: number, runs: [run], bytes: batch.count)]))
    }

    func finish(timeout: Duration) async {
        output.yield(.finished)
        output.finish()
    }

    func close() async { output.finish() }
}
