import SpoolCore
import Synchronization

/// Where the event loop tells what became of a stream: the settlements, the gate, and that it is over.
final class StreamReport: Sendable {
    let gate: SendGate
    /// Holds one small element for each batch at most; the gate bounds how many those can be.
    let settlements: AsyncStream<Settlement>
    private let continuation: AsyncStream<Settlement>.Continuation
    private let ended = Mutex((isOver: false, waiters: [CheckedContinuation<Void, Never>]()))

    init(gate: SendGate = SendGate()) {
        self.gate = gate
        (settlements, continuation) = AsyncStream.makeStream()
    }

    /// The kernel took, or nobody will take, this many bytes.
    func wrote(_ bytes: Int) { gate.wrote(bytes) }

    func settled(_ batches: [SettledBatch]) {
        continuation.yield(.settled(batches))
        gate.settled(batches.reduce(0) { $0 + $1.bytes })
    }

    /// The session is over: finished in order, or by a fault; what comes first counts.
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
