import Foundation

/// An address to listen on: `127.0.0.1:9470`, `[::1]:9470` or `localhost:9470`.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// Where the status server listens by default.
    package static let loopback = ListenAddress(host: "127.0.0.1", port: 9_470)

    /// An IP address without brackets, or `localhost`.
    package let host: String
    /// 0 lets the system choose.
    package let port: Int

    private init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`; nil for any other form, and for names other than `localhost`.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...])
        else {
            return nil
        }
        var host = text[..<colon]
        let hasBrackets = host.hasPrefix("[") && host.hasSuffix("]")
        if hasBrackets { host = host.dropFirst().dropLast() }
        let isValid =
            hasBrackets
            ? Self.isAddress(host, AF_INET6) : host == "localhost" || Self.isAddress(host, AF_INET)
        guard isValid else { return nil }
        self.init(host: String(host), port: port)
    }

    /// True when only programs on this machine can reach it.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func port(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text).flatMap { (0...65_535).contains($0) ? $0 : nil }
    }

    private static func isAddress(_ text: Substring, _ family: Int32) -> Bool {
        var address = in6_addr()
        return inet_pton(family, String(text), &address) == 1
    }
}
