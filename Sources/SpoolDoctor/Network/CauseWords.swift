import SpoolNetwork

/// Splits the daemon's sentence for a network failure into what happened and what to do.
struct CauseWords {
    let found: String
    let remedy: String?

    /// - Parameters:
    ///   - cause: The failure.
    ///   - peer: The peer of the connection.
    ///   - role: The peer's role: the daemon's sentence is about a receiver, which does not fit a portal.
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
