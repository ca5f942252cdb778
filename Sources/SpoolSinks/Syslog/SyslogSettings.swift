import SpoolCore
import SpoolFormats
import SpoolNetwork

/// The settings of a syslog sink: address, transport and line format.
struct SyslogSettings: Sendable, Equatable {
    enum Transport: String, CaseIterable, Sendable {
        case tcp, tls, udp
    }

    var endpoint: Endpoint
    var transport: Transport
    var tls: TLSSettings
    var format: LineFormat
    var doubt: KernelDoubt

    init(
        endpoint: Endpoint,
        transport: Transport,
        tls: TLSSettings = TLSSettings(),
        format: LineFormat,
        doubt: KernelDoubt = KernelDoubt()
    ) {
        self.doubt = doubt
        self.endpoint = endpoint
        self.transport = transport
        self.tls = tls
        self.format = format
    }

    /// Reads the keys of a syslog sink; nil after adding problems if one is missing or invalid.
    init?(
        _ group: inout ConfigurationMapping,
        _ problems: ConfigurationProblems,
        hostName: String,
        warnings: inout [ConfigurationProblem]
    ) {
        let endpoint = group.require("address").flatMap { Self.endpoint($0, problems) }
        let transport = group.choice("transport", default: Transport.tcp)
        let tls = Self.tls(&group, transport, problems)
        let lines = LineSettings(&group, problems, transport: transport ?? .tcp, hostName: hostName)
        let doubt = DoubtSettings(&group, problems, isStream: transport != .udp)
        guard let endpoint, let transport, let lines else { return nil }
        warnings += lines.warnings
        self.init(
            endpoint: endpoint,
            transport: transport,
            tls: tls ?? TLSSettings(),
            format: lines.format,
            doubt: doubt.doubt
        )
    }

    private static func endpoint(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> Endpoint? {
        guard let text = node.text(problems) else { return nil }
        if let endpoint = Endpoint(text) { return endpoint }
        problems.add(
            "expected `host:port`, such as `siem.example:6514` or `[2001:db8::1]:514`, found `\(text)`",
            at: node
        )
        return nil
    }

    private static func tls(
        _ group: inout ConfigurationMapping,
        _ transport: Transport?,
        _ problems: ConfigurationProblems
    ) -> TLSSettings? {
        guard let node = group.take("tls") else { return nil }
        if let transport, transport != .tls {
            problems.add("`tls` needs `transport: tls`, found `\(transport.rawValue)`", at: node)
        }
        return TLSSettings(node, problems)
    }
}
