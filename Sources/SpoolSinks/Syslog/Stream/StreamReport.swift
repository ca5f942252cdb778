import SpoolCore
import Synchronization

/// Publishes the progress of a stream: settlements, capacity of the gate, and the end.
final class StreamReport: Sendable {
    let gate: SendGate
    /// Contains at most one small element per batch; the gate limits their number.
    let settlements: AsyncStream<Settlement>
    private let continuation: AsyncStream<Settlement>.Continuation
    private let ended = Mutex((isOver: false, waiters: [CheckedContinuation<Void, Never>]()))

    init(gate: SendGate = SendGate()) {
        self.gate = gate
        (settlements, continuation) = AsyncStream.makeStream()
    }

    /// The kernel accepted, or nothing will accept, this many bytes.
    func wrote(_ bytes: Int) { gate.wrote(bytes) }

    func settled(_ batches: [SettledBatch]) {
        continuation.yield(.settled(batches))
        gate.settled(batches.reduce(0) { $0 + $1.bytes })
    }

    /// The session has ended, cleanly or by a fault; only the first call counts.
    func over(_ fault: SinkFault?) {
        let waiters = ended.withLock { ended -> [CheckedContinuation<Void, Never>]? in
            guard !ended.isOver else { return nil }
            ended.isOver = true
            defer { ended.waiters = [] }
            return ended.waiters
        }
        guard let waiters else { return }
        gate.end(fault ?? SinkFault(.unreachable, "the session has finished"))
        continuation.yield(fault.map(Settlement.ended) ?? .finished)
        continuation.finish()
        for waiter in waiters { waiter.resume() }
    }

    func waitUntilOver() async {
        await withCheckedContinuation { continuation in
            let isOver = ended.withLock { ended in
                if !ended.isOver { ended.waiters.append(continuation) }
                return ended.isOver
            }
            if isOver { continuation.resume() }
        }
    }
}
