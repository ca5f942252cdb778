import Dispatch
import Foundation
import SpoolCore
import Synchronization

/// Holds what a query prints until its reader takes it.
///
/// While a query reads, its transaction keeps the spool's write-ahead log from being emptied. So the query does not wait for
/// a slow reader before much is held, and then only for as long as the reader takes something now and then.
final class QueryOutput: Sendable {
    /// Bytes that are held at most; one row may be larger.
    static let limit = 64 << 20
    /// A reader that takes nothing for longer, while so much is held, ends the query.
    static let patience = Duration.seconds(60)

    private struct State {
        var queue: [[UInt8]] = []
        var bytes = 0
        /// Nothing follows.
        var isEnded = false
        var isStalled = false
        /// Something could not be written: the rest is dropped.
        var isBroken = false
    }

    private let limit: Int
    private let patience: Duration
    private let write: @Sendable ([UInt8]) -> Bool
    private let state = Mutex(State())
    /// Given for all that is added, and at the end.
    private let added = DispatchSemaphore(value: 0)
    /// Given for all that was written.
    private let written = DispatchSemaphore(value: 0)
    private let ended = Signal()

    /// `write` waits for the reader, on a thread of its own; false when nothing more can be written.
    init(
        limit: Int = QueryOutput.limit,
        patience: Duration = QueryOutput.patience,
        write: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        (self.limit, self.patience, self.write) = (limit, patience, write)
        Thread.detachNewThread { [self] in run() }
    }

    /// True once the reader has taken nothing for too long; the query then ends.
    var isStalled: Bool { state.withLock { $0.isStalled } }

    /// Takes what is to be printed next; false when no more has to come.
    func add(_ bytes: [UInt8]) -> Bool {
        while true {
            let isTaken = state.withLock { state -> Bool? in
                guard !state.isBroken, !state.isStalled else { return false }
                guard state.bytes == 0 || state.bytes + bytes.count <= limit else { return nil }
                state.queue.append(bytes)
                state.bytes += bytes.count
                return true
            }
            if let isTaken {
                if isTaken { added.signal() }
                return isTaken
            }
            let end = DispatchTime.now() + .milliseconds(Int(patience.milliseconds))
            if written.wait(timeout: end) == .timedOut { state.withLock { $0.isStalled = true } }
        }
    }

    /// Waits, however long it takes, until all has been written or nothing more can be.
    func end() async {
        guard !isStalled else { return }
        state.withLock { $0.isEnded = true }
        added.signal()
        await ended.changed(after: 0)
    }

    private func run() {
        while true {
            added.wait()
            let next = state.withLock { state in
                defer { state.queue = [] }
                return state.queue
            }
            for bytes in next {
                let isWritten = state.withLock { !$0.isBroken } && write(bytes)
                state.withLock { state in
                    state.bytes -= bytes.count
                    if !isWritten { state.isBroken = true }
                }
                written.signal()
            }
            if state.withLock({ $0.isEnded && $0.queue.isEmpty }) { return ended.notify() }
        }
    }
}
