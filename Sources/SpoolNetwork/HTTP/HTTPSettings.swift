/// How requests are sent.
package struct HTTPSettings: Sendable {
    package var tls: TLSSettings
    package var route: ProxyRoute
    /// For name, connection and TLS together.
    package var connectTimeout: Duration
    /// The longest silence within an answer.
    package var idleTimeout: Duration
    /// For the request and its whole answer: a peer that drips bytes never falls silent.
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
