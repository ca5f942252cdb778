import Foundation
import Logging
import SpoolCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Writes log lines to a descriptor on a separate thread: a pipe that is not read, or a stopped terminal,
/// blocks only that thread.
///
/// The queue is bounded. Lines that do not fit are dropped and counted; once lines can be written again, one
/// line reports how many are missing. At the end of the process, queued lines are written for at most two
/// seconds.
package final class LogWriter: Sendable {
    /// The process's standard error.
    package static let standardError: LogWriter = LogWriter(
        descriptor: STDERR_FILENO,
        report: { LogfmtHandler.prefixed(.warning, droppedMessage, ["lines": "\($0)"]) },
        onStart: { atexit(flushStandardError) }
    )
    /// The message of the line that reports dropped ones.
    static let droppedMessage = "log lines dropped, standard error was not read"
    /// Maximum number of queued bytes.
    static let capacity = 1 << 20

    private enum Entry: Sendable {
        case line([UInt8])
        /// Signalled once everything before it has been written.
        case mark(DispatchSemaphore)
    }

    private struct State: Sendable {
        var queue: [Entry] = []
        var bytes = 0
        /// Dropped lines that have not been reported yet.
        var dropped = 0
        var droppedEver = 0
        var hasThread = false
    }

    private let descriptor: Int32
    private let capacity: Int
    private let report: @Sendable (Int) -> String
    private let onStart: @Sendable () -> Void
    private let state = Mutex(State())
    private let news = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - descriptor: the descriptor to write to; it stays open.
    ///   - capacity: the maximum number of queued bytes.
    ///   - report: creates the line that reports how many lines are missing.
    ///   - onStart: called with the first line.
    init(
        descriptor: Int32,
        capacity: Int = LogWriter.capacity,
        report: @escaping @Sendable (Int) -> String,
        onStart: @escaping @Sendable () -> Void = {}
    ) {
        self.descriptor = descriptor
        self.capacity = capacity
        self.report = report
        self.onStart = onStart
    }

    /// Lines dropped since the start.
    var droppedLines: Int { state.withLock { $0.droppedEver } }

    /// Queues a line, given without a line feed; never waits.
    package func write(_ line: String) {
        append { state in
            let bytes = Array((line + "\n").utf8)
            guard state.bytes + bytes.count <= capacity else {
                state.dropped += 1
                state.droppedEver += 1
                return
            }
            state.bytes += bytes.count
            state.queue.append(.line(bytes))
        }
    }

    /// Returns once all queued lines have been written, or after `limit`.
    ///
    /// - Returns: true if everything was written.
    @discardableResult
    package func flush(within limit: Duration) -> Bool {
        let mark = DispatchSemaphore(value: 0)
        append { $0.queue.append(.mark(mark)) }
        return mark.wait(timeout: .now() + .milliseconds(Int(limit.milliseconds))) == .success
    }

    private func append(_ change: (inout State) -> Void) {
        let needsThread = state.withLock { state in
            change(&state)
            defer { state.hasThread = true }
            return !state.hasThread
        }
        news.signal()
        // The thread lives as long as the process; a process that logs nothing has none.
        guard needsThread else { return }
        onStart()
        Thread.detachNewThread { [self] in run() }
    }

    private func run() {
        // Writing to a pipe without a reader must fail instead of ending the process.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        while true {
            news.wait()
            let (entries, dropped) = state.withLock { state in
                defer { (state.queue, state.bytes, state.dropped) = ([], 0, 0) }
                return (state.queue, state.dropped)
            }
            var marks: [DispatchSemaphore] = []
            for entry in entries {
                switch entry {
                case .line(let bytes): write(bytes)
                case .mark(let mark): marks.append(mark)
                }
            }
            // The dropped lines came while the queue was full, so after its contents.
            if dropped > 0 { write(Array((report(dropped) + "\n").utf8)) }
            for mark in marks { mark.signal() }
        }
    }

    /// Writes a complete line, however long that takes; a line that cannot be written is lost.
    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                // Another program has set the shared open file to non-blocking.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}

private func flushStandardError() { LogWriter.standardError.flush(within: .seconds(2)) }

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Glibc)
        Glibc.write(descriptor, bytes, count)
    #else
        Darwin.write(descriptor, bytes, count)
    #endif
}
