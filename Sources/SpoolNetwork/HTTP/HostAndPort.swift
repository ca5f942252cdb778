import NIOCore

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
