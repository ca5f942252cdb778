import SpoolCore
import SpoolFormats

/// The `header:` group: the options of the old agent's wizard.
struct HeaderSettings {
    let options: AgentHeader
    /// Nil when the group is missing.
    let node: ConfigurationNode?
    private let timeNode: ConfigurationNode?
    private let priorityNode: ConfigurationNode?

    init(_ node: ConfigurationNode?, _ problems: ConfigurationProblems) {
        self.node = node
        guard let node, var group = ConfigurationMapping(node, problems: problems) else {
            options = AgentHeader()
            (timeNode, priorityNode) = (nil, nil)
            return
        }
        timeNode = group.take("time")
        priorityNode = group.take("pri")
        let time = timeNode?.choice(AgentHeader.Time.self, problems)
        let hasPriority = priorityNode?.boolean(problems) ?? true
        let facility = group.integer("facility", in: 0...23, default: 13)
        let severity = group.integer("severity", in: 0...7, default: 5)
        let systemName = group.boolean("system_name", default: true)
        group.finish()
        options = AgentHeader(
            time: time ?? .rfc5424,
            priority: hasPriority ? facility * 8 + severity : nil,
            systemName: systemName
        )
    }

    /// Adds a problem for combinations with which receivers are known to lose lines.
    func refuse(framing: Framing, _ problems: ConfigurationProblems) {
        if options.priority == nil, options.time == .rfc5424, framing == .lines {
            let place = priorityNode ?? node
            if let place {
                problems.add(
                    "without `pri` a line begins with the digits of its time; rsyslog reads them as an octet "
                        + "count and drops every line; use `pri: true`, another `time`, or `framing: "
                        + "octet-counting`",
                    at: place
                )
            }
        }
        if options.time == .rfc3164Year, !options.systemName, let place = timeNode ?? node {
            problems.add(
                "Graylog's CEF input loses lines with `time: rfc3164-year` and no system name; "
                    + "use `system_name: true` or another `time`",
                at: place
            )
        }
    }

    /// Warnings about settings that work with some receivers only.
    func warnings(at sink: ConfigurationNode) -> [ConfigurationProblem] {
        var warnings: [ConfigurationProblem] = []
        switch options.time {
        case .rfc3164: warnings.append(Self.noYearNorZone(at: timeNode ?? sink))
        case .rfc3164Year:
            warnings.append(
                ConfigurationProblem(
                    "this time is in UTC and has no zone: a receiver in another time zone interprets it as "
                        + "its local time and shifts it by hours; use `time: rfc5424`, or set the receiver's "
                        + "zone for this sender to UTC",
                    at: timeNode ?? sink
                )
            )
        case .rfc5424: break
        }
        if !options.systemName {
            warnings.append(
                ConfigurationProblem(
                    "without a system name syslog-ng reads the beginning of the message as the host; use "
                        + "`system_name: true` unless the receiver is known to handle this",
                    at: node ?? sink
                )
            )
        }
        return warnings
    }

    /// The warning about RFC 3164 times.
    static func noYearNorZone(at node: ConfigurationNode) -> ConfigurationProblem {
        ConfigurationProblem(
            "this time has no year and no zone: receivers guess the year, and get it wrong for events of "
                + "another year, as in a replay; and a receiver in another time zone interprets the UTC time "
                + "as its local time; use an ISO time (`envelope: agent` with `header: {time: rfc5424}`, the "
                + "default)",
            at: node
        )
    }
}
