import SpoolFormats
import SpoolNetwork

extension SyslogSink: NetworkPeer {
    var connections: [ConnectionPlan] {
        let transport: ConnectionPlan.Transport =
            switch settings.transport {
            case .tcp: .tcp
            case .tls: .tls(settings.tls)
            case .udp: .udp
            }
        return [
            ConnectionPlan(
                role: .siem,
                endpoint: settings.endpoint,
                transport: transport,
                lines: settings.format.framing == .lines ? .ended : .counted
            )
        ]
    }
}
