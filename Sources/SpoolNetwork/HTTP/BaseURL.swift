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
