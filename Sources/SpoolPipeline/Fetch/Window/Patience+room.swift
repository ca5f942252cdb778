import SpoolCore

extension Patience {
    /// Waits like a stream's own fetching while the spool or its disk is full, or until `stop` is asked for.
    ///
    /// - Parameters:
    ///   - store: the spool.
    ///   - limit: how long at most; nil: for ever.
    ///   - stop: asks for the end.
    /// - Returns: false when there was no room for so long.
    /// - Throws: what makes the spool unusable.
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
            await time.wait(.seconds(15), or: Watch(stop))
        }
        return true
    }
}
