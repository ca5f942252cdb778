/// A source or sink whose network connections can be examined without running it.
///
/// A source or sink without connections of its own does not conform. A new type needs nothing else for `spool
/// doctor` to examine its connections.
package protocol NetworkPeer {
    /// All its connections, in the order in which they are opened.
    var connections: [ConnectionPlan] { get }
}

/// A connection as configured.
package struct ConnectionPlan: Sendable, Equatable {
    /// The transport of the connection.
    package enum Transport: Sendable, Equatable {
        case tcp
        case tls(TLSSettings)
        case udp
    }

    /// The role of the peer for the operator.
    package enum Role: String, Sendable {
        case portal, login, webhook
        case siem = "SIEM"
    }

    /// How a receiver of plain lines finds the end of a line.
    package enum Lines: Sendable, Equatable {
        /// It receives no plain lines.
        case none
        /// By LF: it drops empty lines, so the probe may send some to see how it reacts.
        case ended
        /// By a count before each line (RFC 6587, section 3.4.1): a strict receiver closes at an empty line.
        case counted
    }

    package let role: Role
    package let endpoint: Endpoint
    package let transport: Transport
    /// The HTTP proxy in between; nil for a direct connection.
    package let proxy: ProxyAddress?
    /// The framing of plain lines.
    package let lines: Lines

    package init(
        role: Role,
        endpoint: Endpoint,
        transport: Transport,
        proxy: ProxyAddress? = nil,
        lines: Lines = .none
    ) {
        self.role = role
        self.endpoint = endpoint
        self.transport = transport
        self.proxy = proxy
        self.lines = lines
    }
}

extension ConnectionPlan {
    /// The connection to an HTTP service, through the proxy of the route.
    package init(role: Role, url: BaseURL, tls: TLSSettings, route: ProxyRoute) {
        self.init(
            role: role,
            endpoint: Endpoint(host: url.host, port: url.port),
            transport: url.isSecure ? .tls(tls) : .tcp,
            proxy: route.proxy(for: url)
        )
    }
}
