package import SpoolCore

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

/// An HTTP proxy: `http://[user:password@]host[:port]`; the default port is 8080, as for the retired agent.
package struct ProxyAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int
    package let user: String?
    package let password: Secret?

    /// Reads a proxy's URL; the scheme is optional.
    ///
    /// - Throws: what is wrong and how to correct it, as one clause, without the credentials.
    package init(_ text: String) throws(AddressProblem) {
        var rest = Substring(text)
        if let mark = text.firstRange(of: "://") {
            guard text[..<mark.lowerBound].lowercased() == "http" else {
                throw AddressProblem(
                    "a proxy is used over `http://` (HTTPS is tunnelled through it with CONNECT); "
                        + "`https://` and `socks5://` proxies are not supported"
                )
            }
            rest = rest[mark.upperBound...]
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" || $0.isWhitespace }) else {
            throw AddressProblem("expected a proxy such as `http://proxy.example:3128`")
        }
        let at = rest.lastIndex(of: "@")
        (user, password) =
            try at.map { at throws(AddressProblem) in try Self.credentials(rest[..<at]) } ?? (nil, nil)
        (host, port) = try HostAndPort.read(
            at.map { rest[rest.index(after: $0)...] } ?? rest,
            defaultPort: 8_080
        )
    }

    /// `host:port`, without credentials.
    package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    private static func credentials(_ text: Substring) throws(AddressProblem) -> (String?, Secret?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let decoded = parts.compactMap { String($0).percentDecoded }
        guard decoded.count == parts.count, let user = decoded.first, !user.isEmpty else {
            throw AddressProblem(
                "expected `user:password@` before the proxy's host, with other characters as %XX"
            )
        }
        return (user, Secret(decoded.count > 1 ? decoded[1] : ""))
    }
}

extension String {
    /// Decodes RFC 3986 §2.1; nil when a `%` is not followed by two hexadecimal digits, or the result is not
    /// UTF-8.
    fileprivate var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                let digits = rest.prefix(2)
                guard digits.count == 2, let text = String(digits), let value = UInt8(text, radix: 16) else {
                    return nil
                }
                rest.removeFirst(2)
                bytes.append(value)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
