import SpoolControl
import SpoolCore
import SpoolStore
import UnixSignals

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
