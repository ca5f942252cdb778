import SpoolCore

/// Writes outcomes: ledger rows, watermarks, positions and dead letters in one transaction.
struct Settler: Sendable {
    let sink: SinkID
    let store: RetryingStore<any DeliveryStore & ReplayStore>

    /// Writes a verdict, and retries for as long as the disk is full.
    ///
    /// - Parameters:
    ///   - verdict: the outcomes.
    ///   - connection: the connection of the events.
    ///   - now: the local time.
    ///   - rate: `DeliveryCommit.rate`.
    /// - Throws: an error that makes the spool unusable; a full disk only when the task is cancelled.
    func write(
        _ verdict: Verdict,
        connection: ConnectionID,
        at now: Timestamp,
        rate: Double? = nil
    ) async throws(StoreError) {
        var builder = CommitBuilder(sink: sink, connection: connection, at: now)
        for lane in verdict.lanes { builder.add(lane) }
        var commit = builder.commit
        commit.rate = rate
        guard !commit.isEmpty else { return }
        // Without a stop: what was sent before a stop is settled after it.
        try await store.settle(commit)
    }
}
