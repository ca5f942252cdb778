package import SpoolCore

/// The `audit:` group: how often the daemon compares source, spool and ledger on its own, and over which
/// window.
package struct AuditSettings: Sendable, Equatable {
    /// Nil (`audit: off`): never.
    package var every: Duration? = .days(1)
    /// How far the window reaches back from the time up to which each stream has been re-read.
    package var window: Duration = .days(2)

    package init() {}

    /// Reads the group, or `off`; nil, after adding a problem, when it is neither.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        if case .scalar(let text) = node.value {
            guard ["off", "false", "no"].contains(text) else {
                problems.add("expected `every` and `window`, or `off`, found `\(text)`", at: node)
                return nil
            }
            every = nil
            return
        }
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        every = group.duration("every", in: .minutes(1) ... .days(30), default: .days(1))
        window = group.duration("window", in: .minutes(10) ... .days(180), default: window)
        group.finish()
    }
}
