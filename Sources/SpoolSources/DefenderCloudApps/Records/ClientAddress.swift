import Foundation

/// Parses a client address in any form that the portal uses.
///
/// The portal provides addresses with a port, in brackets, with a zone, between blanks, or as a proxy's list.
enum ClientAddress {
    /// The first IPv4 or IPv6 address in a text, without anything around it; empty if there is none.
    ///
    /// The address keeps the source's spelling, except that an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`,
    /// RFC 4291 §2.5.5.2) is returned as IPv4.
    static func bare(_ text: String) -> String {
        let parts = text.split { $0 == "," || $0 == ";" || $0.isWhitespace }
        return parts.lazy.compactMap(address).first ?? ""
    }

    private static func address(_ text: Substring) -> String? {
        guard text.first == "[" else { return ip(text) ?? withoutPort(text).flatMap(ip) }
        guard let end = text.firstIndex(of: "]") else { return nil }
        let rest = text[text.index(after: end)...]
        guard rest.isEmpty || (rest.first == ":" && isPort(rest.dropFirst())) else { return nil }
        return ip(text[text.index(after: text.startIndex)..<end])
    }

    /// The text before the port; nil without a port, or with more than one colon, which means an IPv6
    /// address.
    private static func withoutPort(_ text: Substring) -> Substring? {
        guard let colon = text.firstIndex(of: ":"), isPort(text[text.index(after: colon)...]) else {
            return nil
        }
        return text[..<colon]
    }

    private static func isPort(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 5 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func ip(_ text: Substring) -> String? {
        let bare = String(text.prefix { $0 != "%" })
        // `inet_pton` would end the text at a NUL.
        guard bare.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit || $0 == 0x2E || $0 == 0x3A })
        else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, bare, &bytes) == 1 { return bare }
        guard inet_pton(AF_INET6, bare, &bytes) == 1 else { return nil }
        guard bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] else { return bare }
        return bytes.suffix(4).map(String.init).joined(separator: ".")
    }
}
