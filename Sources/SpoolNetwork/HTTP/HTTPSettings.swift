/// How requests are sent.
package struct HTTPSettings: Sendable {
    package var tls: TLSSettings
    package var route: ProxyRoute
    /// Limit for name lookup, connection and TLS together.
    package var connectTimeout: Duration
    /// The longest pause within an answer.
    package var idleTimeout: Duration
    /// Limit for the request and its complete answer: a peer that sends single bytes never pauses for long.
    package var deadline: Duration

    package init(
        tls: TLSSettings = TLSSettings(),
        route: ProxyRoute = .direct,
        connectTimeout: Duration = .seconds(10),
        idleTimeout: Duration = .seconds(60),
        deadline: Duration = .seconds(120)
    ) {
        self.tls = tls
        self.route = route
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.deadline = deadline
    }
}
