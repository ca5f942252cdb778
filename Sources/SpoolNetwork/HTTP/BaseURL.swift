import NIOCore

/// The root of an HTTP service: `https://host[:port][/path]`, or `http://` for this machine only.
package struct BaseURL: Sendable, Hashable, CustomStringConvertible {
    package let isSecure: Bool
    /// Lower case; IPv6 addresses without their brackets.
    package let host: String
    package let port: Int
    /// Empty, or a path that starts with a slash and does not end with one.
    package let path: String

    /// Reads a URL of a configuration.
    ///
    /// - Throws: what is wrong and how to correct it, as one clause.
    package init(_ text: String) throws(AddressProblem) {
        let authority: Substring
        (isSecure, authority, path) = try Self.split(text)
        (host, port) = try HostAndPort.read(authority, defaultPort: isSecure ? 443 : 80)
        if !isSecure, !Loopback.contains(host) {
            throw AddressProblem(
                "`http://` would send the token unencrypted; it is accepted only for addresses "
                    + "of this machine: use `https://`"
            )
        }
    }

    /// The URL without its last slash; the port is included only if it is not the scheme's default.
    package var description: String {
        let standard = isSecure ? 443 : 80
        return (isSecure ? "https://" : "http://") + (host.contains(":") ? "[\(host)]" : host)
            + (port == standard ? "" : ":\(port)") + path
    }

    /// `host`, or `host:port` if the port is not the scheme's default; used in messages.
    package var peer: String { String(description.trimmingPrefix(isSecure ? "https://" : "http://")) }

    private static func split(
        _ text: String
    ) throws(AddressProblem) -> (isSecure: Bool, authority: Substring, path: String) {
        let isSecure = text.lowercased().hasPrefix("https://")
        guard isSecure || text.lowercased().hasPrefix("http://") else {
            throw AddressProblem("expected a URL such as `https://contoso.us2.portal.cloudappsecurity.com`")
        }
        guard !text.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace || !$0.isASCII }) else {
            throw AddressProblem(
                "a URL must not contain a query, a fragment, whitespace or non-ASCII characters"
            )
        }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") { path.removeLast() }
        return (isSecure, authority, String(path))
    }
}

/// Why an address of the configuration cannot be used, as one clause.
package struct AddressProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Reads `host`, `host:port` and `[IPv6]:port`.
enum HostAndPort {
    static func read(
        _ text: Substring,
        defaultPort: Int
    ) throws(AddressProblem) -> (host: String, port: Int) {
        if text.contains("@") {
            throw AddressProblem("credentials are not allowed in this URL")
        }
        var host = text
        var portText: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw AddressProblem("`[` without `]`") }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw AddressProblem("expected `:port` after `]`")
            }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
            if host.contains(":") {
                throw AddressProblem("an IPv6 address must be in brackets: `[2001:db8::1]`")
            }
        }
        guard !host.isEmpty else { throw AddressProblem("the host is missing") }
        guard let portText else { return (host.lowercased(), defaultPort) }
        guard let port = Int(portText), (1...65_535).contains(port) else {
            throw AddressProblem("the port must be a number from 1 to 65535")
        }
        return (host.lowercased(), port)
    }
}

extension HostAndPort {
    /// True for a peer given by its IP address, with or without a port and a path.
    static func isAddress(_ peer: String) -> Bool {
        guard let (host, _) = try? read(peer.prefix { $0 != "/" }, defaultPort: 0) else { return false }
        return (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }
}

/// The names and addresses of this machine itself.
package enum Loopback {
    /// True for `localhost`, 127.0.0.0/8 (RFC 1122 §3.2.1.3) and `::1` (RFC 4291 §2.5.3).
    package static func contains(_ host: String) -> Bool {
        if host == "localhost" { return true }
        guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
        return address.ipAddress == "::1" || address.protocol == .inet && host.hasPrefix("127.")
    }
}
