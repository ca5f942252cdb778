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

/// The keys `doubt_bytes` and `reopen_after` of a sink over TCP or TLS.
struct DoubtSettings {
    /// A TCP window is at most 1 GiB (RFC 7323 §2.3).
    private static let bytes: ClosedRange<Int64> = (64 << 10)...(1 << 30)
    private static let after = Duration.seconds(1)...Duration.hours(24)

    private(set) var doubt = KernelDoubt()

    /// Reads the keys; adds a problem for an invalid value, and for any value over UDP, which has no
    /// connections.
    init(_ group: inout ConfigurationMapping, _ problems: ConfigurationProblems, isStream: Bool) {
        let (bytes, after) = (group.take("doubt_bytes"), group.take("reopen_after"))
        if !isStream {
            for node in [bytes, after].compactMap(\.self) {
                problems.add("this key does not apply to UDP, which has no connections: remove it", at: node)
            }
            return
        }
        if let size = bytes?.byteSize(in: Self.bytes, problems) { doubt.bytes = size }
        if let after, let text = after.text(problems) {
            if text == "never" {
                doubt.reopenAfter = nil
            } else if let time = after.duration(in: Self.after, problems) {
                doubt.reopenAfter = time
            }
        }
    }
}
