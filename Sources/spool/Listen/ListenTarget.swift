/// The address of `spool listen` as typed: `tcp://127.0.0.1:1514`, `tls://[::1]:6514`, `127.0.0.1:1514`.
struct ListenTarget: Equatable, CustomStringConvertible {
    enum Transport: String, CaseIterable {
        case tcp, tls, udp, http, https, relp
        case relpTLS = "relp+tls"

        var isEncrypted: Bool { self == .tls || self == .https || self == .relpTLS }
    }

    let transport: Transport
    /// A host name or an IP address, without brackets.
    let host: String
    /// The port; 0 picks a free one.
    let port: Int

    init(transport: Transport, host: String, port: Int) {
        self.transport = transport
        self.host = host
        self.port = port
    }

    /// Nil if the text is not such an address; without a scheme the transport is TCP.
    init?(_ text: String) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard let transport = parts.count == 2 ? Transport(rawValue: String(parts[0])) : .tcp,
            let place = parts.last, let colon = place.lastIndex(of: ":")
        else { return nil }
        var host = place[..<colon]
        let digits = place[place.index(after: colon)...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(digits),
            (0...65_535).contains(port)
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.allSatisfy({ !$0.isWhitespace && !"/[]".contains($0) }) else { return nil }
        self.init(transport: transport, host: String(host), port: port)
    }

    /// The same address with the port that was actually chosen.
    func at(port: Int) -> ListenTarget { ListenTarget(transport: transport, host: host, port: port) }

    var description: String {
        "\(transport.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
