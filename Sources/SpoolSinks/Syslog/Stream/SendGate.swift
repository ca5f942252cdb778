import SpoolCore
import Synchronization

/// The backpressure of a stream: admits batches while capacity is available.
///
/// Two limits apply: bytes that the kernel has not accepted yet (memory), and bytes that are not settled
/// (duplicates after a crash). The first batch is always admitted.
final class SendGate: Sendable {
    /// Limit of bytes that the kernel has not accepted yet: one batch is written while the next is rendered.
    static let unwrittenLimit = 2 << 20
    /// Limit of bytes that are not settled yet.
    ///
    /// It is twice the number of bytes whose acknowledgement settles a batch without waiting for the grace
    /// period, so that a fast receiver never waits. After a crash at most this much is delivered twice.
    static let unsettledLimit = 2 * UnsettledWindow.readAhead

    private struct State {
        var unwritten = 0
        var unsettled = 0
        var fault: SinkFault?
        /// Changes whenever a waiting batch may be admitted.
        var version = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    private enum Step {
        case entered
        case ended(SinkFault)
        case wait(version: Int)
    }

    private let state = Mutex(State())
    private let unsettledLimit: Int

    init(unsettledLimit: Int = SendGate.unsettledLimit) {
        self.unsettledLimit = unsettledLimit
    }

    /// True while a batch waits for capacity.
    var isWaited: Bool { state.withLock { $0.waiter != nil } }

    /// Waits until there is capacity for a batch and reserves it.
    ///
    /// - Throws: The fault that ended the session, or a fault for a cancelled task.
    func enter(_ bytes: Int) async throws(SinkFault) {
        while true {
            switch state.withLock({ step(bytes, &$0) }) {
            case .entered: return
            case .ended(let fault): throw fault
            case .wait(let version): await change(since: version)
            }
            if Task.isCancelled { throw SinkFault(.unreachable, "sending was cancelled") }
        }
    }

    /// Reports that the kernel has accepted this many bytes.
    func wrote(_ bytes: Int) {
        update { $0.unwritten -= bytes }
    }

    /// Reports that this many bytes are settled.
    func settled(_ bytes: Int) {
        update { $0.unsettled -= bytes }
    }

    /// Closes the gate; keeps and returns the first fault.
    @discardableResult
    func end(_ fault: SinkFault) -> SinkFault {
        update { if $0.fault == nil { $0.fault = fault } }
        return state.withLock { $0.fault } ?? fault
    }

    private func step(_ bytes: Int, _ state: inout State) -> Step {
        if let fault = state.fault { return .ended(fault) }
        let hasRoom =
            (state.unwritten == 0 || state.unwritten + bytes <= Self.unwrittenLimit)
            && (state.unsettled == 0 || state.unsettled + bytes <= unsettledLimit)
        guard hasRoom else { return .wait(version: state.version) }
        state.unwritten += bytes
        state.unsettled += bytes
        return .entered
    }

    private func update(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            state.version += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func change(since version: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLock { state in
                    guard state.version == version, !Task.isCancelled else { return false }
                    state.waiter = continuation
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            update { _ in }
        }
    }
}
