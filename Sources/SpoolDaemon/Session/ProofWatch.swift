import SpoolControl
import SpoolCore
import SpoolStore
import UnixSignals

/// A command that waits for a proof which the daemon makes.
///
/// The daemon goes on only for as long as it is asked after: a command that is killed needs to say nothing.
struct ProofWatch: Sendable {
    private static let pause = Duration.milliseconds(300)
    /// So long a daemon that has gone is waited for: a restart takes seconds.
    private static let patience = Duration.seconds(60)

    let client: ControlClient
    let spool: String
    let show: @Sendable (String) -> Void

    /// Shows what the daemon does, until the proof has ended, or the daemon has and does not come back.
    ///
    /// - Returns: the proof as it is kept; one that its daemon did not end is no longer under way.
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
                guard ContinuousClock.now - since < Self.patience else {
                    return await kept(
                        begun,
                        instead: "the daemon that ran it has gone and did not come back"
                    )
                }
                proof.step = "the daemon does not answer; waiting for it to come back"
            }
        }
        return proof
    }

    /// Has the daemon end the proof at the first signal; at the second it is not waited for any more.
    ///
    /// Returns only then, or when cancelled.
    func cancel(_ begun: Proof, at signals: UnixSignalsSequence) async throws -> Proof {
        var isAsked = false
        for await _ in signals {
            if isAsked { break }
            isAsked = true
            show("stopping the proof")
            // A daemon that is gone has ended it already; `follow` tells.
            _ = try? await client.send(CancelVerify(begun.id))
        }
        try Task.checkCancellation()
        return await kept(begun, instead: "it was interrupted")
    }

    private func kept(_ begun: Proof, instead cause: String) async -> Proof {
        // A spool that cannot be read has its own message, where what is missing is read from it.
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
