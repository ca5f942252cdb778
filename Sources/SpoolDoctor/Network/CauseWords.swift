import SpoolNetwork

/// The daemon's sentence for a network failure, taken apart: what happened, and what to do.
struct CauseWords {
    let found: String
    let remedy: String?

    /// - Parameters:
    ///   - cause: The failure.
    ///   - peer: With whom.
    ///   - role: What the peer is: the sentence speaks of a receiver, and a portal is none.
    init(_ cause: NetworkCause, peer: String, role: ConnectionPlan.Role) {
        let halves = SentenceHalves(cause.sentence(peer: peer))
        found = halves.found
        remedy = role == .siem ? halves.remedy : Self.remedy(cause, role) ?? halves.remedy
    }

    private static func remedy(_ cause: NetworkCause, _ role: ConnectionPlan.Role) -> String? {
        let setting = role == .login ? "`auth.authority`" : "`url`"
        return switch cause {
        case .refused: "Check \(setting), and whether a firewall blocks it or `proxy` is missing."
        case .reset, .closed:
            "Try again; if the problem persists, look for a firewall or proxy that breaks connections to the "
                + "\(role.rawValue)."
        case .timedOut: "Check firewalls on the path, and whether a `proxy` is needed."
        default: nil
        }
    }
}
