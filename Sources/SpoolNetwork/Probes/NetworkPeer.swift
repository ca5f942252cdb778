/// A source or sink that speaks to peers over the network, as far as they can be examined without it.
///
/// What takes part in no connection of its own leaves it out; a new kind of source or sink adds nothing else for
/// `spool doctor` to examine its connections.
package protocol NetworkPeer {
    /// Everything it connects to, in the order in which it would.
    var connections: [ConnectionPlan] { get }
}

/// A connection as the configuration wants it.
package struct ConnectionPlan: Sendable, Equatable {
    /// What is spoken over it.
    package enum Transport: Sendable, Equatable {
        case tcp
        case tls(TLSSettings)
        case udp
    }

    /// What the peer is to the operator.
    package enum Role: String, Sendable {
        case portal, login, webhook
        case siem = "SIEM"
    }

    /// How a peer that takes plain lines tells where one ends.
    package enum Lines: Sendable, Equatable {
        /// It takes none.
        case none
        /// By LF: it drops empty ones, and may be sent some to see how it takes them.
        case ended
        /// By a count in front (RFC 6587, section 3.4.1): a strict one closes at an empty line.
        case counted
    }

    package let role: Role
    package let endpoint: Endpoint
    package let transport: Transport
    /// The HTTP proxy on the way; nil for a straight one.
    package let proxy: ProxyAddress?
    /// The plain lines that it takes.
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
    /// The connection to an HTTP service, through the proxy that the route has for it.
    package init(role: Role, url: BaseURL, tls: TLSSettings, route: ProxyRoute) {
        self.init(
            role: role,
            endpoint: Endpoint(host: url.host, port: url.port),
            transport: url.isSecure ? .tls(tls) : .tcp,
            proxy: route.proxy(for: url)
        )
    }
}
