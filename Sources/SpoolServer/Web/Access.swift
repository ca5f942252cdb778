import SpoolConfig
import SpoolCore

/// Access control for the status address.
struct Access: Sendable {
    /// The decision about a request.
    enum Decision: Sendable, Equatable {
        case allowed
        /// The host name of the request is not one of this server: a foreign page may have pointed its own
        /// name at this machine (DNS rebinding).
        case foreignHost
        case unauthorized
    }

    /// Probes reveal only that the daemon is running.
    static let open: Set<String> = ["/healthz", "/readyz"]

    let token: Secret?
    let listen: ListenAddress

    func decision(path: String, host: String?, authorization: String?) -> Decision {
        if Self.open.contains(path) { return .allowed }
        guard let token else { return isOurs(host) ? .allowed : .foreignHost }
        return shows(authorization, token) ? .allowed : .unauthorized
    }

    private func isOurs(_ host: String?) -> Bool {
        guard let host else { return false }
        let name = Self.name(host)
        return name == listen.host || name == "localhost" || ListenAddress(host: name)?.isLoopback == true
    }

    /// The host without its port and without the brackets of IPv6.
    private static func name(_ host: String) -> String {
        if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
        return String(host.prefix { $0 != ":" }).lowercased()
    }

    private func shows(_ authorization: String?, _ token: Secret) -> Bool {
        guard let authorization, let shown = ShownToken(authorization: authorization) else { return false }
        return Self.areEqual(shown.bytes, Array(token.reveal().utf8))
    }

    /// Compares every byte, so that the duration does not reveal how many were right.
    static func areEqual(_ given: [UInt8], _ wanted: [UInt8]) -> Bool {
        var difference = UInt8(given.count == wanted.count ? 0 : 1)
        for index in wanted.indices {
            difference |= wanted[index] ^ (index < given.count ? given[index] : 0)
        }
        return difference == 0
    }
}

extension ListenAddress {
    /// Parses a host without a port; nil unless it is an IP address or `localhost`.
    fileprivate init?(host: String) {
        self.init(host.contains(":") ? "[\(host)]:0" : "\(host):0")
    }
}
