/// Runs the parts concurrently; once the first has ended, the others are cancelled and awaited.
///
/// - Parameters:
///   - parts: the parts.
///   - beforeCancelling: called when the first part has ended, before the others are cancelled.
/// - Returns: the results of all parts in the order in which they ended; empty without parts.
@discardableResult
package func race<Value: Sendable>(
    _ parts: [@Sendable () async -> Value],
    beforeCancelling: () async -> Void = {}
) async -> [Value] {
    await withTaskGroup(of: Value.self) { group in
        for part in parts { group.addTask(operation: part) }
        var results: [Value] = []
        for await result in group {
            if results.isEmpty {
                await beforeCancelling()
                group.cancelAll()
            }
            results.append(result)
        }
        return results
    }
}

/// The same for a fixed number of parts.
@discardableResult
package func race<Value: Sendable>(
    _ parts: @Sendable () async -> Value...,
    beforeCancelling: () async -> Void = {}
) async -> [Value] {
    await race(parts, beforeCancelling: beforeCancelling)
}
