/// A condition that a test waited for in vain, with the last observed state.
struct HarnessFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Runs `body`; cancels it after `limit` and throws a failure that names what did not happen.
func within<Result: Sendable>(
    _ limit: Duration = .seconds(90),
    _ what: String,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            throw HarnessFailure("\(what): not within \(limit)")
        }
        return result
    }
}
