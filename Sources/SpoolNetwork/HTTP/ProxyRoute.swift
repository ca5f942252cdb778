/// Which requests go through a proxy.
package struct ProxyRoute: Sendable, Equatable {
    /// The proxy, if there is one.
    package let proxy: ProxyAddress?
    private let isFromEnvironment: Bool
    private let exceptions: [Substring]

    /// No proxy.
    package static let direct = ProxyRoute(proxy: nil, isFromEnvironment: false, exceptions: [])

    /// A configured proxy, used for all requests.
    package init(configured proxy: ProxyAddress) {
        self.init(proxy: proxy, isFromEnvironment: false, exceptions: [])
    }

    /// `HTTPS_PROXY` with the exceptions of `NO_PROXY`, in upper or lower case, interpreted as curl does.
    ///
    /// - Throws: what is wrong with `HTTPS_PROXY`.
    package init(environment: [String: String]) throws(AddressProblem) {
        let text = environment["HTTPS_PROXY"] ?? environment["https_proxy"] ?? ""
        let exceptions = environment["NO_PROXY"] ?? environment["no_proxy"] ?? ""
        self.init(
            proxy: text.isEmpty ? nil : try ProxyAddress(text),
            isFromEnvironment: true,
            exceptions: exceptions.lowercased().split { $0 == "," || $0.isWhitespace }
        )
    }

    private init(proxy: ProxyAddress?, isFromEnvironment: Bool, exceptions: [Substring]) {
        self.proxy = proxy
        self.isFromEnvironment = isFromEnvironment
        self.exceptions = exceptions
    }

    /// The proxy for a request to `url`; nil for a direct connection.
    package func proxy(for url: BaseURL) -> ProxyAddress? {
        guard isFromEnvironment else { return proxy }
        guard url.isSecure, !exceptions.contains(where: { Self.excepts($0, url) }) else { return nil }
        return proxy
    }

    /// True for `*`, a host, or a domain with all its subdomains (with or without a leading dot), each with
    /// or without a port.
    private static func excepts(_ rule: Substring, _ url: BaseURL) -> Bool {
        if rule == "*" { return true }
        var name = rule
        if let colon = rule.lastIndex(of: ":"), let port = Int(rule[rule.index(after: colon)...]),
            rule.hasPrefix("[") || rule.firstIndex(of: ":") == colon
        {
            guard port == url.port else { return false }
            name = rule[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if name.hasPrefix("*.") { name = name.dropFirst(1) }
        let domain = name.hasPrefix(".") ? name.dropFirst() : name
        return url.host == domain || url.host.hasSuffix("." + domain)
    }
}
