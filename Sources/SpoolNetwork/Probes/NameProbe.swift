import Foundation

/// Looks up a name as every connection of this program does: with the system's resolver.
package enum NameProbe {
    /// The addresses of a host, each once, in the resolver's order; an address resolves to itself.
    ///
    /// - Throws: `.nameUnknown` or `.nameServersSilent`.
    package static func addresses(of host: String) async throws(NetworkCause) -> [String] {
        // The lookup blocks for as long as the name servers take.
        let result = try? await BlockingCall.run { lookUp(host) }
        guard let result else { throw .cancelled }
        return try result.get()
    }

    private static func lookUp(_ host: String) -> Result<[String], NetworkCause> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return .failure(NameLookup.cause(ofCode: Int(code))) }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            if getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 {
                let address = String(
                    decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
                    as: UTF8.self
                )
                if !found.contains(address) { found.append(address) }
            }
            next = entry.ai_next
        }
        return .success(found)
    }
}

extension NetworkCause: Error {}
