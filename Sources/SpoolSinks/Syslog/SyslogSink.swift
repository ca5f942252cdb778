import NIOCore
import SpoolCore
import SpoolFormats
import SpoolNetwork

/// Sends lines over TCP, TLS or UDP.
struct SyslogSink: Sink {
    let name: SinkName
    let type = "syslog"
    let settings: SyslogSettings
    private let renderer: LineRenderer
    private let grace: Duration
    private let early = EarlyEnd()

    init(name: SinkName, settings: SyslogSettings, grace: Duration = UnsettledWindow.defaultGrace) {
        self.name = name
        self.settings = settings
        self.grace = grace
        renderer = LineRenderer(settings.format)
    }

    var address: String { "\(settings.transport.rawValue)://\(settings.endpoint)" }

    var needsRaw: Bool { settings.format.needsRaw }

    var batchLimit: BatchLimit { BatchLimit() }

    var doubt: KernelDoubt { settings.transport == .udp ? .none : settings.doubt }

    func open() async throws(SinkFault) -> any SinkSession {
        switch settings.transport {
        case .tcp, .tls:
            let plan = StreamPlan(
                endpoint: settings.endpoint,
                isTLS: settings.transport == .tls,
                tls: settings.tls,
                grace: grace,
                early: early
            )
            return try await StreamConnector(plan: plan).open(renderer)
        case .udp:
            return try await DatagramConnector(endpoint: settings.endpoint).open(renderer)
        }
    }

    func rehearse(_ batch: EventBatch) {
        var lines = ByteBuffer()
        _ = lines.render(batch, by: renderer)
    }
}

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
