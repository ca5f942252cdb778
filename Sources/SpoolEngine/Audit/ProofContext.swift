import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore

/// What a proof works with: the spool, the sources, and the signals of the loops beside it.
struct ProofContext: Sendable {
    let spool: Spool
    let sources: SourceRegistry
    let crashes: KnownCrashes
    let time: Timekeeper
    /// Given when a page was spooled.
    let appended: Signal
    /// Given when a sweep has ended.
    let swept: Signal
    /// Given when replays have changed.
    let lanesChanged: Signal
    let proofs: ProofSignals
    let logger: Logger

    /// A reader of a whole window of one stream, beside its own fetching and within its tenant's budget.
    ///
    /// The configuration is known once `Engine.apply` has run, or `sources.apply` where no loops are wanted.
    func windowReader(of stream: StreamName, patience: Duration? = nil) async throws(StoreError)
        -> WindowReader
    {
        sources.windowReader(of: stream, crashes: try await crashes.watch(), patience: patience)
    }

    /// What spools the pages of such a window; nil when the stream is not configured.
    func pageAppender(of stream: StreamName) -> PageAppender? {
        sources.access(to: stream).map {
            PageAppender(
                $0,
                store: spool,
                time: time,
                appended: appended,
                bell: sources.bell(of: stream),
                logger: logger
            )
        }
    }

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
