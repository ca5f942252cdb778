package import SpoolCore

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
