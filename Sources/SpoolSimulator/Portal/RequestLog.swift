import Synchronization

/// A request to the portal and its outcome.
package struct PortalRequest: Sendable {
    /// The purpose of a request.
    package enum Kind: String, Sendable {
        case list
        case scan
        case fetch
        case token
    }

    /// The portal's time.
    package var atMs: Int64
    /// The stream, or the token service.
    package var target: RequestTarget
    /// Whether it is a list, a page of a scan, one record, or a token.
    package var kind: Kind
    /// The body as received; the query for GET.
    package var body: String
    /// The status of the response; 0 if the connection was closed instead.
    package var status: Int
    /// The number of records in the response.
    package var records: Int
    /// The fault that was applied.
    package var fault: Fault?
}

/// The requests to the portal; the oldest ones are dropped.
package struct RequestLog: Sendable {
    private static let capacity = 20_000

    /// The requests in the order of arrival.
    package private(set) var requests: [PortalRequest] = []
    /// The total number of requests.
    package private(set) var total = 0

    mutating func append(_ request: PortalRequest) {
        if requests.count == Self.capacity { requests.removeFirst(Self.capacity / 10) }
        requests.append(request)
        total += 1
    }

    /// The requests for one stream, of one kind, or both.
    package func requests(for target: RequestTarget? = nil, _ kind: PortalRequest.Kind? = nil)
        -> [PortalRequest]
    {
        requests.filter { (target ?? $0.target) == $0.target && (kind ?? $0.kind) == $0.kind }
    }

    /// The most requests to the API within any 60 seconds of the portal's time.
    package var busiestMinute: Int {
        let times = requests.filter { $0.target != .token }.map(\.atMs).sorted()
        var most = 0
        var start = 0
        for (index, time) in times.enumerated() {
            while times[start] <= time - 60_000 { start += 1 }
            most = max(most, index - start + 1)
        }
        return most
    }
}

/// Tasks that wait for a condition of the request log.
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
                // A condition that holds already counts, too.
                check(current)
            }
        } onCancel: {
            let waiter = waiting.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Resumes the tasks whose predicate holds; the log is evaluated only if a task waits.
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
