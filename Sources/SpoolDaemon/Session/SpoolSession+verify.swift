import SpoolConfig
import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
import SpoolStore
import UnixSignals

extension SpoolSession {
    /// How long a command without a daemon waits for a source that does not answer.
    private static let timeout = Duration.seconds(60)

    /// Opens a session and runs a proof of a window.
    ///
    /// - Parameters:
    ///   - request: what to compare.
    ///   - composition: the configuration.
    ///   - show: called with the current step.
    /// - Returns: the proof and the missing events; after a signal, what was compared until then and the
    ///   cause.
    /// - Throws: `ControlFault` or `StoreError`; `Interrupted` after a signal before anything was compared.
    package static func verify(
        _ request: VerifyRequest,
        _ composition: Composition,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> (Proof, [MissingEvent]) {
        var found: (Proof, [MissingEvent])?
        do {
            try await use(composition, command: "spool verify") { session in
                found = try await session.verify(request, show: show)
            }
        } catch let interrupted as Interrupted {
            guard found != nil else { throw interrupted }
        }
        guard let found else { throw CancellationError() }
        return found
    }

    private func verify(
        _ request: VerifyRequest,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> (Proof, [MissingEvent]) {
        switch self {
        case .daemon(let client):
            try await Self.byDaemon(request, client, client.socket.spool, show: show)
        case .standalone(let alone): try await Self.byItself(request, alone, show: show)
        }
    }

    private static func byDaemon(
        _ request: VerifyRequest,
        _ client: ControlClient,
        _ path: String,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> (Proof, [MissingEvent]) {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let begun = try await client.send(StartVerify(request))
        let watch = ProofWatch(client: client, spool: path, show: show)
        let proof = try await withThrowingTaskGroup(of: Proof.self) { group in
            group.addTask { try await watch.follow(begun) }
            group.addTask { try await watch.cancel(begun, at: signals) }
            defer { group.cancelAll() }
            return try await group.next() ?? begun
        }
        return (proof, try await Spool.openReadOnly(path: path).missing(of: proof.id))
    }

    private static func byItself(
        _ request: VerifyRequest,
        _ alone: StandaloneSpool,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> (Proof, [MissingEvent]) {
        let (engine, spool) = (alone.engine, alone.spool)
        // Only this process holds the spool: proofs that are stored as running are not.
        try await spool.stopLeftProofs(at: engine.time.wall())
        let verification = engine.verification(timeout: timeout, tell: show)
        let begun = try await spool.beginProof(
            request,
            reason: .command,
            version: ProgramVersion.number,
            at: engine.time.wall()
        )
        let proof = await verification.result(of: begun, stop: alone.stop) {
            alone.interrupt.isAsked ? "it was interrupted" : "a daemon has started and requested the spool"
        }
        try await spool.save(proof)
        let wanted = Set(proof.streams.flatMap { $0.sinks.flatMap(\.replays) })
        for replay in try await spool.replays(of: nil).reversed()
        where wanted.contains(replay.id) && !alone.stop.isAsked {
            show("replay \(replay.id) sends \(replay.total) events to \(replay.sink)")
            try await alone.drive(replay)
        }
        return (proof, try await spool.missing(of: proof.id))
    }
}

/// Follows a proof that the daemon runs for a command.
///
/// The daemon continues only as long as the command polls: a command that is killed need not cancel the
/// proof.
struct ProofWatch: Sendable {
    private static let pause = Duration.milliseconds(300)
    /// How long to wait for a daemon that has exited: a restart takes seconds.
    private static let timeout = Duration.seconds(60)

    let client: ControlClient
    let spool: String
    let show: @Sendable (String) -> Void

    /// Shows the progress, until the proof has ended, or the daemon has stopped and is not restarted.
    ///
    /// - Returns: the stored proof; one that its daemon did not finish is marked as stopped.
    func follow(_ begun: Proof) async throws -> Proof {
        var proof = begun
        var goneSince: ContinuousClock.Instant?
        while proof.state == .running {
            if let step = proof.step { show(step) }
            try await Task.sleep(for: Self.pause)
            do throws(ControlFault) {
                proof = try await client.send(ShowProof(begun.id))
                goneSince = nil
            } catch {
                guard Self.maySucceedLater(error) else { throw error }
                let since = goneSince ?? .now
                goneSince = since
                guard ContinuousClock.now - since < Self.timeout else {
                    return await kept(
                        begun,
                        instead: "the daemon that ran it has stopped and was not restarted in time"
                    )
                }
                proof.step = "the daemon does not answer; waiting until it answers again"
            }
        }
        return proof
    }

    /// Asks the daemon to stop the proof at the first signal; stops waiting at the second.
    ///
    /// Returns only after the second signal, or when cancelled.
    func cancel(_ begun: Proof, at signals: UnixSignalsSequence) async throws -> Proof {
        var isAsked = false
        for await _ in signals {
            if isAsked { break }
            isAsked = true
            show("stopping the proof")
            // A daemon that has exited has stopped it already; `follow` reports that.
            _ = try? await client.send(CancelVerify(begun.id))
        }
        try Task.checkCancellation()
        return await kept(begun, instead: "it was interrupted")
    }

    private func kept(_ begun: Proof, instead cause: String) async -> Proof {
        // If the spool cannot be read, the error is reported when the missing events are read.
        var proof = (try? await Spool.openReadOnly(path: spool).proof(begun.id)) ?? begun
        if proof.state == .running { proof.end(.stopped, cause: cause, at: SystemTime.now()) }
        return proof
    }

    private static func maySucceedLater(_ fault: ControlFault) -> Bool {
        switch fault {
        case .noDaemon, .broken, .lockedWithoutSocket: true
        case .denied, .refused: false
        }
    }
}
