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

/// A sink made from its settings, with the settings that other parts of the program need.
package struct ConfiguredSink: Sendable {
    package let sink: any Sink
    /// The streams it subscribes to, in the order of the file.
    package let streams: [StreamName]
    /// The position of each of `streams` in the file, for errors about unknown names.
    package let streamNodes: [ConfigurationNode]
    /// Where a subscription starts when the spool already contains events.
    package let start: SubscriptionStart?
    package let renamedFrom: SinkName?
    /// The position of its name in the file, for errors about duplicate names.
    package let nameNode: ConfigurationNode
    /// Settings that are valid but probably not intended.
    package let warnings: [ConfigurationProblem]

    /// The sink as it is registered in the spool.
    package var topology: Topology.Sink {
        Topology.Sink(
            name: sink.name,
            type: sink.type,
            streams: streams,
            start: start,
            renamedFrom: renamedFrom
        )
    }
}
