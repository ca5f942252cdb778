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
