import SpoolCore

extension Patience {
    /// Waits while the spool or its disk is full, as a stream's own fetching does, or until `stop` is
    /// requested.
    ///
    /// - Parameters:
    ///   - store: the spool.
    ///   - limit: the maximum time to wait; nil: forever.
    ///   - stop: ends the wait.
    /// - Returns: false when there was no space within `limit`.
    /// - Throws: an error that makes the spool unusable.
    func waitForRoom(in store: any PageStore, atMost limit: Duration? = nil, stop: Stop)
        async throws(StoreError) -> Bool
    {
        let begun = time.elapsed()
        while try await self(
            "reading a window",
            stop: stop,
            { () async throws(StoreError) in try await store.mustPause() }
        ), !stop.isAsked, !Task.isCancelled {
            if let limit, time.elapsed() - begun >= limit { return false }
            await wait(.seconds(15), stop: stop)
        }
        return true
    }
}
