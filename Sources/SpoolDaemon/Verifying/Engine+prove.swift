import SpoolCore
import SpoolPipeline
import SpoolStore

extension Engine {
    /// Has the delivery loops of these sinks prove what they have settled so far, and waits until their connections have ended,
    /// at most for as long as a receiver may take to close one.
    ///
    /// What is still pending afterwards, or doubtful by then, is for the comparison to say.
    func proveDelivered(to sinks: [SinkID], stop: Stop) async throws(StoreError) {
        let pending = try await spool.pendingConnections(of: sinks)
        guard !pending.isEmpty else { return }
        proofs.wanted.notify()
        let deadline = time.elapsed() + SessionRun.reopenPatience + .seconds(5)
        while !stop.isAsked, !Task.isCancelled {
            let given = Watch(proofs.given)
            let rest = deadline - time.elapsed()
            guard rest > .zero, try await spool.isAnyOpen(of: pending) else { return }
            await time.wait(rest, or: given, Watch(stop))
        }
    }
}
