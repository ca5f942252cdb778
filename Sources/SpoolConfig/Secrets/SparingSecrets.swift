package import SpoolCore
import Synchronization

/// Secrets for a command that can do without those it may not read.
///
/// Whoever asks for the spool's state is seldom the daemon's user, and only the daemon has systemd's credentials. What
/// is not to be had is stood in for, so that everything else in the file is read and checked as ever.
package final class SparingSecrets: SecretLookup {
    /// Which secrets a command needs.
    package enum Need: Sendable {
        /// Every one, as the daemon does.
        case all
        /// All but systemd's credentials where this process has none.
        case allButCredentials
        /// None: it neither asks a source nor sends anything.
        case none
    }

    /// Passes for a token, for a password and for the address of a proxy or a webhook.
    private static let standIn = Secret("http://not-read-by-this-user.invalid")

    private let secrets: SystemSecrets
    private let need: Need
    private let found = Mutex<[String]>([])

    package init(_ secrets: SystemSecrets, need: Need) {
        self.secrets = secrets
        self.need = need
    }

    /// Files that the configuration names need not be readable either.
    package var isSparing: Bool { need == .none }

    /// The references that were stood in for, each once.
    package var spared: [String] { found.withLock { $0 } }

    package func resolve(_ reference: String) throws(SecretFault) -> Secret {
        do {
            return try secrets.resolve(reference)
        } catch {
            let isSpared =
                switch need {
                case .all: false
                case .allButCredentials: secrets.isOutOfReach(reference)
                case .none: true
                }
            guard isSpared, SecretReference.isOne(reference) else { throw error }
            found.withLock { if !$0.contains(reference) { $0.append(reference) } }
            return Self.standIn
        }
    }
}
