import Synchronization

/// Those who wait until the log of requests says something.
final class RequestWaiters: Sendable {
    private struct Waiter {
        var predicate: @Sendable (RequestLog) -> Bool
        var continuation: CheckedContinuation<Void, any Error>
    }

    private let waiting = Mutex<(next: Int, waiters: [Int: Waiter])>((0, [:]))

    /// Returns once the predicate holds; throws only when cancelled.
    func wait(
        _ predicate: @escaping @Sendable (RequestLog) -> Bool,
        current: @escaping @Sendable () -> RequestLog
    ) async throws {
        let number = waiting.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = waiting.withLock { state in
                    guard !Task.isCancelled else { return true }
                    state.waiters[number] = Waiter(predicate: predicate, continuation: continuation)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
                // What was true before anybody waited counts too.
                check(current)
            }
        } onCancel: {
            let waiter = waiting.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Lets those go whose predicate holds; asks for the log only if anybody waits.
    func check(_ log: () -> RequestLog) {
        guard waiting.withLock({ !$0.waiters.isEmpty }) else { return }
        let log = log()
        let content = waiting.withLock { state in
            let content = state.waiters.filter { $0.value.predicate(log) }
            for number in content.keys { state.waiters[number] = nil }
            return content.values.map(\.continuation)
        }
        for continuation in content { continuation.resume() }
    }
}
