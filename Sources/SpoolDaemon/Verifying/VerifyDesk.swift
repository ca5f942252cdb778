import SpoolConfig
import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
import SpoolStore
import UnixSignals

/// Where a command has a window proved: at the daemon's socket while it runs, by itself when not.
package enum VerifyDesk {
    /// How long a command without daemon waits for a source that does not answer.
    private static let patience = Duration.seconds(60)

    /// Proves a window, to its end.
    ///
    /// - Parameters:
    ///   - request: what to compare.
    ///   - composition: the configuration.
    ///   - show: called with what it does just now.
    /// - Returns: the proof, and what it found missing by name.
    /// - Throws: `ControlFault` or `StoreError`.
    package static func run(
        _ request: VerifyRequest,
        _ composition: Composition,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> (Proof, [MissingEvent]) {
        let path = composition.spool.path
        let client = ControlClient(ControlSocket(spool: path))
        let holder = try await client.find { Spool.holder(ofSpoolAt: path) }
        if holder != nil { return try await byDaemon(request, client, path, show: show) }
        return try await byItself(request, composition, show: show)
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
        _ composition: Composition,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> (Proof, [MissingEvent]) {
        var found: (Proof, [MissingEvent])?
        do {
            try await DirectReplays.use(composition, command: "spool verify") { direct in
                found = try await prove(request, direct, show: show)
            }
        } catch let interrupted as Interrupted {
            // What was compared until then is told, with its cause.
            guard found != nil else { throw interrupted }
        }
        guard let found else { throw CancellationError() }
        return found
    }

    private static func prove(
        _ request: VerifyRequest,
        _ direct: DirectReplays,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> (Proof, [MissingEvent]) {
        let (engine, spool) = (direct.engine, direct.spool)
        // This process alone has the spool: what is kept as under way is not.
        try await spool.stopLeftProofs(at: engine.time.wall())
        let verification = engine.verification(patience: patience, tell: show)
        let begun = try await spool.beginProof(
            request,
            reason: .command,
            version: ProgramVersion.number,
            at: engine.time.wall()
        )
        let proof = await verification.result(of: begun, stop: direct.stop) {
            direct.interrupt.isAsked ? "it was interrupted" : "a daemon has started and asked for the spool"
        }
        try await spool.save(proof)
        let wanted = Set(proof.streams.flatMap { $0.sinks.flatMap(\.replays) })
        for replay in try await spool.replays(of: nil).reversed()
        where wanted.contains(replay.id) && !direct.stop.isAsked {
            show("replay \(replay.id) sends \(replay.total) events to \(replay.sink)")
            try await direct.drive(replay)
        }
        return (proof, try await spool.missing(of: proof.id))
    }
}
