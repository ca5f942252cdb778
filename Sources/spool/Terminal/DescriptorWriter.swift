import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes text to a file descriptor, and remembers the first failure.
///
/// After a failure nothing more is written: output that was cut in the middle is never continued. Writers on several
/// threads take turns. The descriptor may be blocking or not.
final class DescriptorWriter: Sendable {
    /// Why nothing more is written.
    enum Failure: Equatable, Sendable {
        /// The program at the other end of the pipe has ended, as `head` does.
        case readerGone
        /// The reader did not read, and `stopWaiting` was called.
        case abandoned
        /// The system refused the write, with this `errno`.
        case refused(Int32)
    }

    private struct State {
        var failure: Failure?
        var waits = true
    }

    /// Bytes of one write: a pipe that polls as writable takes as many without blocking (pipe(7), PIPE_BUF).
    private static let chunk = 4_096

    private let descriptor: Int32
    private let turn = Mutex(())
    private let state = Mutex(State())
    /// A pipe whose writing end is written to by `stopWaiting`; both are -1 where none could be made.
    private let wake: (read: Int32, write: Int32)

    /// The descriptor stays the caller's, and has to stay open.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        wake = (ends[0], ends[1])
    }

    deinit {
        if wake.read >= 0 {
            close(wake.read)
            close(wake.write)
        }
    }

    /// Nil while everything has been written.
    var failure: Failure? { state.withLock { $0.failure } }

    /// Writes all of the bytes; waits for a slow reader.
    ///
    /// - Returns: false when not all was written, now or before.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>) -> Bool {
        // Copied before the turn is taken: a sequence may be lazy.
        let all = Array(bytes)
        return turn.withLock { _ in
            guard failure == nil else { return false }
            guard let found = all.withUnsafeBytes(send) else { return true }
            state.withLock { $0.failure = found }
            return false
        }
    }

    /// From now on nothing waits for the reader: a write that waits ends, and what would have to wait is dropped.
    func stopWaiting() {
        state.withLock { $0.waits = false }
        if wake.write >= 0 { _ = writeBytes(wake.write, [0], 1) }
    }

    /// Returns why it ended early; nil when all was written.
    private func send(_ bytes: UnsafeRawBufferPointer) -> Failure? {
        var rest = bytes[...]
        while !rest.isEmpty {
            if let failure = waitUntilWritable() { return failure }
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.chunk))
            let count = writeBytes(descriptor, part.baseAddress, part.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR, EAGAIN, EWOULDBLOCK: continue
            case EPIPE: return .readerGone
            case let code: return .refused(code)
            }
        }
        return nil
    }

    private func waitUntilWritable() -> Failure? {
        var polled = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let waits = state.withLock { $0.waits }
            if poll(&polled, waits ? 2 : 1, waits ? -1 : 0) < 0, errno == EINTR { continue }
            // An error or a hang-up is reported by the write itself.
            if polled[0].revents != 0 { return nil }
            if !waits { return .abandoned }
        }
    }
}

/// write(2), whose name is taken inside the type.
private func writeBytes(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, start, count)
}
