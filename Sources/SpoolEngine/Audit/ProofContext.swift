import Logging
import SpoolCore
import SpoolPipeline
import SpoolStore

/// The dependencies of a proof: the spool, the sources, and the signals of the other loops.
struct ProofContext: Sendable {
    let spool: Spool
    let sources: SourceRegistry
    let crashes: SharedPoisonGuard
    let time: Clocks
    /// Notified when a page was spooled.
    let appended: ChangeSignal
    /// Notified when a sweep has ended.
    let swept: ChangeSignal
    /// Notified when replays have changed.
    let lanesChanged: ChangeSignal
    let proofs: ProofSignals
    let logger: Logger

    /// A reader of a whole window of one stream, independent of its fetch loop and within its tenant's
    /// budget.
    ///
    /// Requires that `Engine.apply` has run, or `sources.apply` if no loops are needed.
    func windowReader(of stream: StreamName, timeout: Duration? = nil) async throws(StoreError)
        -> WindowReader
    {
        sources.windowReader(of: stream, crashes: try await crashes.watch(), timeout: timeout)
    }

    /// Creates the appender that spools the pages of such a window; nil if the stream is not configured.
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

    /// Makes the delivery loops of these sinks prove what they have settled so far, and waits until their
    /// connections have ended, at most for as long as a receiver may take to close one.
    ///
    /// The comparison reports what is still pending, or has become doubtful, afterwards.
    func proveDelivered(to sinks: [SinkID], stop: ShutdownRequest) async throws(StoreError) {
        let pending = try await spool.pendingConnections(of: sinks)
        guard !pending.isEmpty else { return }
        proofs.wanted.notify()
        let deadline = time.elapsed() + SessionRun.reopenTimeout + .seconds(5)
        while !stop.isAsked, !Task.isCancelled {
            let given = SeenVersion(proofs.given)
            let rest = deadline - time.elapsed()
            guard rest > .zero, try await spool.isAnyOpen(of: pending) else { return }
            await time.wait(rest, or: given, SeenVersion(stop))
        }
    }
}
