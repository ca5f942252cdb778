import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes text to a file descriptor and records the first failure.
///
/// After a failure nothing more is written: truncated output is never continued. Writes from several threads
/// are serialized. The descriptor may be blocking or not.
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

    /// Bytes per write: a pipe that polls as writable accepts this many without blocking (pipe(7), PIPE_BUF).
    private static let chunk = 4_096

    private let descriptor: Int32
    private let turn = Mutex(())
    private let state = Mutex(State())
    /// A pipe that `stopWaiting` writes to; both ends are -1 if it could not be created.
    private let wake: (read: Int32, write: Int32)

    /// The caller keeps ownership of the descriptor and has to keep it open.
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

    /// Writes all bytes; waits for a slow reader.
    ///
    /// - Returns: false if some bytes, now or before, were not written.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>) -> Bool {
        // Copied before the lock is taken: a sequence may be lazy.
        let all = Array(bytes)
        return turn.withLock { _ in
            guard failure == nil else { return false }
            guard let found = all.withUnsafeBytes(send) else { return true }
            state.withLock { $0.failure = found }
            return false
        }
    }

    /// From now on no write waits for the reader: a waiting write ends, and bytes that would have to wait are
    /// dropped.
    func stopWaiting() {
        state.withLock { $0.waits = false }
        if wake.write >= 0 { _ = writeBytes(wake.write, [0], 1) }
    }

    /// Returns why the write ended early; nil if all bytes were written.
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
            // The write itself reports an error or a hang-up.
            if polled[0].revents != 0 { return nil }
            if !waits { return .abandoned }
        }
    }
}

/// Calls write(2), whose name the type itself uses.
private func writeBytes(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, start, count)
}
