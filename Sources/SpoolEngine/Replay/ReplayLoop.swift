import Foundation
import Logging
package import SpoolCore
import SpoolPipeline
import SpoolSinks
import SpoolStore

/// Runs what replays need in addition to the sinks' delivery loops: a refetcher for each replay that reads
/// its window from the source, and a delivery loop for each replay to an ad-hoc destination.
package struct ReplayLoop: Sendable {
    let spool: Spool
    let sources: SourceRegistry
    let crashes: PoisonGuard
    let time: Clocks
    let appended: ChangeSignal
    let lanesChanged: ChangeSignal
    let bells: RetryBells
    let logger: Logger

    /// Starts and stops loops as replays change, until `stop` is requested.
    ///
    /// - Throws: errors that make the spool unusable.
    func run(stop: ShutdownRequest) async throws(StoreError) {
        let loops = LoopSupervisor()
        let failures: [StoreError?] = await race(
            { await loops.failed.first { _ in true } },
            { await Self.failure { () async throws(StoreError) in try await follow(loops, stop) } },
            beforeCancelling: { await loops.stop() }
        )
        if let failure = failures.first ?? nil { throw failure }
    }

    private func follow(_ loops: LoopSupervisor, _ stop: ShutdownRequest) async throws(StoreError) {
        while !stop.isAsked, !Task.isCancelled {
            let changes = SeenVersion(lanesChanged)
            var wanted: [LoopSupervisor.Loop] = []
            for replay in try await spool.unfinishedReplays(of: nil) where replay.state == .running {
                if replay.isRefetching {
                    wanted.append(refetchLoop(replay))
                } else if let loop = try await deliveryLoop(replay) {
                    wanted.append(loop)
                }
            }
            await loops.run(wanted)
            await time.wait(nil, or: changes, SeenVersion(stop))
        }
    }

    private func refetchLoop(_ replay: Replay) -> LoopSupervisor.Loop {
        let refetcher = refetcher(of: replay.id)
        return LoopSupervisor.Loop(name: "refetch \(replay.id)", fingerprint: "") { stop throws(StoreError) in
            try await refetcher.run(stop: stop)
        }
    }

    /// Creates the refetcher that reads a replay's window from its sources.
    func refetcher(of replay: ReplayID) -> Refetcher {
        Refetcher(
            replay,
            store: spool,
            access: { [sources] in sources.access(to: $0) },
            reader: { [sources, crashes] in sources.windowReader(of: $0, crashes: crashes) },
            bell: { [bells] in bells.bell(of: .source($0.source)) },
            time: time,
            appended: appended,
            lanesChanged: lanesChanged,
            logger: logger
        )
    }

    private func deliveryLoop(_ replay: Replay) async throws(StoreError) -> LoopSupervisor.Loop? {
        guard let destination = replay.request.destination else { return nil }
        let sink: any Sink
        do throws(StoreError) {
            sink = try Self.sink(destination, named: replay.sink)
        } catch {
            // For example, a certificate file is missing: the replay waits and shows the reason.
            let report = SinkReport(state: .held, lastError: error.description, at: time.wall())
            try await spool.report(report, of: replay.sinkID)
            logger.error("replay waits", metadata: ["replay": "\(replay.id)", "cause": "\(error)"])
            return nil
        }
        let loop = DeliveryLoop(
            sink: sink,
            id: replay.sinkID,
            store: spool,
            crashes: crashes,
            time: time,
            appended: appended,
            lanesChanged: lanesChanged,
            bell: bells.bell(of: .sink(replay.sink)),
            logger: logger
        )
        return LoopSupervisor.Loop(name: "replay \(replay.id)", fingerprint: destination) {
            stop throws(StoreError) in
            try await loop.run(stop: stop)
        }
    }

    /// Creates the sink of an ad-hoc destination.
    ///
    /// - Throws: `.invalid` with all problems of the destination.
    package static func sink(_ destination: String, named name: SinkName) throws(StoreError) -> any Sink {
        do {
            return try AdHocDestination(destination).sink(
                named: name,
                hostName: ProcessInfo.processInfo.hostName
            )
        } catch {
            throw StoreError(.invalid, error.description)
        }
    }

    private static func failure(_ body: () async throws(StoreError) -> Void) async -> StoreError? {
        do throws(StoreError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }
}

extension ReplayRequest {
    /// Refuses a request whose destination cannot be created in this process, which would have to run it.
    ///
    /// - Throws: `.invalid` with all problems of the destination.
    func check() throws(StoreError) {
        if let destination { _ = try ReplayLoop.sink(destination, named: sink) }
    }
}
