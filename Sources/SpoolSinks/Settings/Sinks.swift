package import SpoolCore

/// The supported types of sinks; this is the only place that lists them.
package enum Sinks {
    private enum Kind: String, CaseIterable {
        case syslog, webhook, journald

        var purpose: CommonSettings.Purpose { self == .syslog ? .events : .notifications }
    }

    /// Makes a sink from its entry under `sinks:`; nil after adding problems.
    ///
    /// - Parameters:
    ///   - node: The entry.
    ///   - problems: Receives every problem, with its position.
    ///   - hostName: This machine's name, which lines contain as the system name.
    /// - Returns: The sink; nothing is connected yet.
    package static func make(
        from node: ConfigurationNode,
        problems: ConfigurationProblems,
        hostName: String
    ) -> ConfiguredSink? {
        let before = problems.list.count
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let kind = group.require("type")?.choice(Kind.self, problems)
        let common = CommonSettings(&group, problems, purpose: kind?.purpose ?? .events)
        guard let kind else { return nil }
        switch kind {
        case .syslog:
            var warnings: [ConfigurationProblem] = []
            let settings = SyslogSettings(&group, problems, hostName: hostName, warnings: &warnings)
            group.finish()
            guard let common, let settings, problems.list.count == before else { return nil }
            return common.configured(SyslogSink(name: common.name, settings: settings), warnings)
        case .webhook:
            let settings = WebhookSettings(&group, problems)
            group.finish()
            guard let common, let settings, problems.list.count == before else { return nil }
            return common.configured(
                WebhookSink(name: common.name, settings: settings, hostName: hostName),
                []
            )
        case .journald:
            let settings = JournalSettings(&group, problems)
            group.finish()
            guard let common, let settings, problems.list.count == before else { return nil }
            return common.configured(JournalSink(name: common.name, socket: settings.socket), [])
        }
    }
}
