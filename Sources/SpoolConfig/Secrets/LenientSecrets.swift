package import SpoolCore
import Synchronization

/// Secrets for a command that can do without those it may not read.
///
/// A user who runs `spool status` is rarely the daemon's user, and only the daemon has systemd's credentials.
/// A secret that is unavailable is replaced by a placeholder, so that the rest of the file is read and
/// checked as usual.
package final class LenientSecrets: SecretLookup {
    /// Which secrets a command needs.
    package enum Need: Sendable {
        /// Every secret, as the daemon does.
        case all
        /// Every secret except systemd credentials, where this process has none.
        case allButCredentials
        /// None: the command neither contacts a source nor sends anything.
        case none
    }

    /// A placeholder that is valid as a token, a password and the address of a proxy or webhook.
    private static let standIn = Secret("http://not-read-by-this-user.invalid")

    private let secrets: SystemSecrets
    private let need: Need
    private let found = Mutex<[String]>([])

    package init(_ secrets: SystemSecrets, need: Need) {
        self.secrets = secrets
        self.need = need
    }

    /// True when the files named in the configuration need not be readable either.
    package var isSparing: Bool { need == .none }

    /// The references that were replaced by the placeholder, each once.
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
