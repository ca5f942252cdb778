import Dispatch
import Foundation
import SpoolCore
import Synchronization

/// Buffers the output of a query until it is read.
///
/// While a query runs, its transaction prevents the write-ahead log of the spool from being reset. So the
/// query waits for a slow reader only if the buffer is full, and only as long as the reader makes progress.
final class QueryOutput: Sendable {
    /// Maximum number of buffered bytes; a single row may be larger.
    static let limit = 64 << 20
    /// If the buffer is full and nothing is read for this long, the query ends.
    static let timeout = Duration.seconds(60)

    private struct State {
        var queue: [[UInt8]] = []
        var bytes = 0
        /// No output follows.
        var isEnded = false
        var isStalled = false
        /// A write has failed: the rest is dropped.
        var isBroken = false
    }

    private let limit: Int
    private let timeout: Duration
    private let write: @Sendable ([UInt8]) -> Bool
    private let state = Mutex(State())
    /// Signalled for every addition, and at the end.
    private let added = DispatchSemaphore(value: 0)
    /// Signalled for every completed write.
    private let written = DispatchSemaphore(value: 0)
    private let ended = ChangeSignal()

    /// `write` blocks until the reader accepts the bytes, on a separate thread; it returns false if nothing
    /// more can be written.
    init(
        limit: Int = QueryOutput.limit,
        timeout: Duration = QueryOutput.timeout,
        write: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        (self.limit, self.timeout, self.write) = (limit, timeout, write)
        Thread.detachNewThread { [self] in run() }
    }

    /// True once nothing has been read for too long; the query then ends.
    var isStalled: Bool { state.withLock { $0.isStalled } }

    /// Adds output; returns false if no more output is needed.
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
            let end = DispatchTime.now() + .milliseconds(Int(timeout.milliseconds))
            if written.wait(timeout: end) == .timedOut { state.withLock { $0.isStalled = true } }
        }
    }

    /// Waits without a timeout until everything has been written, or nothing more can be written.
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
