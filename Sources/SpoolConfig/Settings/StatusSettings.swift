import Foundation
package import SpoolCore

/// The `status:` group: the TCP address that serves `/status`, `/metrics` and the status page, and who may
/// read them.
package struct StatusSettings: Sendable, Equatable {
    /// The address; nil (`listen: none`) when only the Unix socket serves them.
    package var listen: ListenAddress? = .loopback
    /// The token that a request must present as `Authorization: Bearer`; nil when every client that can reach
    /// the address may read.
    package var token: Secret?

    /// Shorter tokens can be guessed.
    static let shortestToken = 16

    package init() {}

    /// Reads the group; nil, after adding a problem, when the node is not a group.
    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let listenNode = group.take("listen")
        let tokenNode = group.take("token")
        group.finish()
        if let tokenNode { readToken(tokenNode, problems) }
        guard let listenNode, let text = listenNode.text(problems) else { return }
        if text == "none" {
            listen = nil
            return
        }
        guard let address = ListenAddress(text) else {
            problems.add(
                "expected an IP address and a port, such as `127.0.0.1:9470`, or `none`, found `\(text)`",
                at: listenNode
            )
            return
        }
        guard address.isLoopback || tokenNode != nil else {
            problems.add(
                "anyone who can reach `\(text)` could read the status: listen on 127.0.0.1, or "
                    + "require a token with `token: file:/path`, `credential:NAME` or `${NAME}`",
                at: listenNode
            )
            return
        }
        listen = address
    }

    private mutating func readToken(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard let secret = node.secret(problems) else { return }
        guard secret.reveal().utf8.count >= Self.shortestToken else {
            problems.add(
                "the token is shorter than \(Self.shortestToken) characters and can be guessed; "
                    + "`openssl rand -hex 32` generates one",
                at: node
            )
            return
        }
        token = secret
    }
}

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
