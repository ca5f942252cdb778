/// A condition that a test waited for without success, with the last observed value.
package struct WaitedInVain: Error, CustomStringConvertible {
    package let description: String
}

/// Returns once the condition holds; for changes in another process or thread that cause no event here.
///
/// - Throws: the failure with what `state` says at the end, when the limit has passed.
package func eventually(
    _ what: String,
    within limit: Duration = .seconds(90),
    state: () async throws -> String = { "" },
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now.advanced(by: limit)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            throw WaitedInVain(description: "\(what): not within \(limit). \(try await state())")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
