import SpoolCore
import SpoolFormats

/// The keys of a syslog sink that define the format of its lines, and the combinations that are invalid.
struct LineSettings {
    private enum FormatName: String, CaseIterable {
        case cefAgent = "cef-agent"
        case cef, json
    }

    private enum EnvelopeName: String, CaseIterable {
        case agent, rfc3164, rfc5424, bare
    }

    private enum FramingName: String, CaseIterable {
        case lines
        case octetCounting = "octet-counting"
    }

    let format: LineFormat
    let warnings: [ConfigurationProblem]

    init?(
        _ group: inout ConfigurationMapping,
        _ problems: ConfigurationProblems,
        transport: SyslogSettings.Transport,
        hostName: String
    ) {
        let formatName = group.choice("format", default: FormatName.cefAgent)
        let envelopeNode = group.take("envelope")
        let envelopeName = envelopeNode.map { $0.choice(EnvelopeName.self, problems) } ?? .agent
        let framing = Self.framing(&group, transport, problems)
        let limitNode = group.take("max_message_bytes")
        let limit = Self.limit(limitNode, transport, problems)
        let header = HeaderSettings(group.take("header"), problems)
        let cef = CEFSettings(group.take("cef"), problems)
        guard let formatName, let envelopeName, let framing, let limit else { return nil }

        if let node = header.node, envelopeName != .agent {
            problems.add(
                "`header` applies only to `envelope: agent`, not to `\(envelopeName.rawValue)`",
                at: node
            )
        }
        cef.check(for: formatName.rawValue, isAgent: formatName == .cefAgent, problems)
        if envelopeName == .agent { header.refuse(framing: framing, problems) }
        warnings =
            Self.warnings(header, envelopeName, envelopeNode ?? group.node)
            + Self.warnings(formatName, limit, limitNode ?? group.node)
        format = LineFormat(
            payload: Self.payload(formatName, cef),
            envelope: Self.envelope(envelopeName, header, hostName),
            framing: framing,
            maxMessageBytes: limit
        )
    }

    private static func framing(
        _ group: inout ConfigurationMapping,
        _ transport: SyslogSettings.Transport,
        _ problems: ConfigurationProblems
    ) -> Framing? {
        guard let node = group.take("framing") else { return transport == .udp ? .datagrams : .lines }
        guard let name = node.choice(FramingName.self, problems) else { return nil }
        if transport == .udp {
            problems.add("over UDP each line is sent in its own datagram: remove `framing`", at: node)
            return nil
        }
        return name == .lines ? .lines : .octetCounting
    }

    /// Below 1,024 bytes (RFC 3164 §4.1) hardly any line fits; a datagram holds 65,507 bytes.
    private static func limit(
        _ node: ConfigurationNode?,
        _ transport: SyslogSettings.Transport,
        _ problems: ConfigurationProblems
    ) -> Int? {
        guard let node else { return LineFormat.defaultMaxMessageBytes }
        return node.integer(in: 1_024...(transport == .udp ? 65_507 : 1 << 20), problems)
    }

    private static func payload(_ name: FormatName, _ cef: CEFSettings) -> LineFormat.Payload {
        switch name {
        case .cefAgent:
            .cef(.agent(version: cef.agentVersion, emptyPairs: cef.emptyPairs, alertRT: cef.alertRT))
        case .cef: .cef(.clean(version: cef.agentVersion))
        case .json: .json
        }
    }

    private static func envelope(_ name: EnvelopeName, _ header: HeaderSettings, _ system: String) -> Envelope
    {
        switch name {
        case .agent: .agent(header.options, system: system)
        case .rfc3164: .rfc3164(system: system)
        case .rfc5424: .rfc5424(system: system)
        case .bare: .bare
        }
    }

    private static func warnings(
        _ header: HeaderSettings,
        _ envelope: EnvelopeName,
        _ node: ConfigurationNode
    ) -> [ConfigurationProblem] {
        switch envelope {
        case .agent: header.warnings(at: node)
        case .rfc3164: [HeaderSettings.noYearNorZone(at: node)]
        case .rfc5424: []
        case .bare:
            [
                ConfigurationProblem(
                    "without a header a syslog receiver uses the time of arrival and the sender's address as "
                        + "time and host, even in a replay; `bare` is for inputs that expect lines without a "
                        + "syslog header",
                    at: node
                )
            ]
        }
    }

    /// Raw records are often longer than the limit that suffices for CEF.
    private static func warnings(_ format: FormatName, _ limit: Int, _ node: ConfigurationNode)
        -> [ConfigurationProblem]
    {
        guard format == .json, limit <= LineFormat.defaultMaxMessageBytes else { return [] }
        return [
            ConfigurationProblem(
                "records longer than `max_message_bytes` (\(limit)) are shortened; many raw records are "
                    + "larger than 8 KiB. Raise the limit to what the receiver accepts (rsyslog: "
                    + "`maxMessageSize`, syslog-ng: `log-msg-size()`), for example 65536",
                at: node
            )
        ]
    }
}

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

/// The `cef:` group.
struct CEFSettings {
    private(set) var agentVersion = CEFProfile.lastAgentVersion
    private(set) var emptyPairs = true
    private(set) var alertRT = true
    private let node: ConfigurationNode?
    private var agentNodes: [ConfigurationNode] = []

    init(_ node: ConfigurationNode?, _ problems: ConfigurationProblems) {
        self.node = node
        guard let node, var group = ConfigurationMapping(node, problems: problems) else { return }
        if let version = group.take("agent_version") {
            agentVersion = Self.version(version, problems) ?? agentVersion
        }
        if let pairs = group.take("empty_pairs") {
            agentNodes.append(pairs)
            emptyPairs = pairs.boolean(problems) ?? true
        }
        if let rt = group.take("alert_rt") {
            agentNodes.append(rt)
            alertRT = rt.boolean(problems) ?? true
        }
        group.finish()
    }

    /// Adds a problem when the group, or one of its keys, does not apply to the format.
    func check(for format: String, isAgent: Bool, _ problems: ConfigurationProblems) {
        if let node, format == "json" {
            problems.add("`cef` applies to the formats `cef-agent` and `cef`, not to `json`", at: node)
        } else if !isAgent {
            for node in agentNodes {
                problems.add("this key applies only to `format: cef-agent`, not to `cef`", at: node)
            }
        }
    }

    /// At most 31 characters, as defined by the CEF schema, and none that would end the line.
    private static func version(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> String? {
        guard let text = node.text(problems) else { return nil }
        let isVersion =
            (1...31).contains(text.count)
            && text.unicodeScalars.allSatisfy { (32...126).contains($0.value) }
        if isVersion { return text }
        problems.add("expected a version of 1 to 31 visible ASCII characters", at: node)
        return nil
    }
}
