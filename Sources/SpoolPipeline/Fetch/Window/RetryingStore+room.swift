import SpoolCore

extension RetryingStore where Base == any PageStore {
    /// Waits while the spool or its disk is full, as a stream's own fetching does, or until `stop` is
    /// requested.
    ///
    /// - Parameters:
    ///   - limit: the maximum time to wait; nil: forever.
    ///   - time: the clocks.
    ///   - stop: ends the wait.
    /// - Returns: false when there was no space within `limit`.
    /// - Throws: an error that makes the spool unusable.
    func waitForRoom(atMost limit: Duration? = nil, time: Timekeeper, stop: Stop)
        async throws(StoreError) -> Bool
    {
        let begun = time.elapsed()
        let store = until(stop).doing(.readingWindow)
        while try await store.mustPause(), !stop.isAsked, !Task.isCancelled {
            if let limit, time.elapsed() - begun >= limit { return false }
            await wait(.seconds(15), stop: stop)
        }
        return true
    }
}
