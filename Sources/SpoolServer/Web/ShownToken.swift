import Foundation

/// The token that a request shows in `Authorization`: as it is, or as the password of whatever user.
///
/// A browser knows no bearer; it asks its user for a name and a password once, and sends them with every request to
/// the same origin (RFC 7617, 2.2), the page's own among them.
struct ShownToken: Sendable, Equatable {
    let bytes: [UInt8]

    /// Nil when the header shows none; the scheme is written in any case (RFC 9110, 11.1).
    init?(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer": bytes = Array(parts[1].utf8)
        case "basic":
            guard let password = Self.password(String(parts[1])) else { return nil }
            bytes = password
        default: return nil
        }
    }

    /// What follows the first colon: a name has none, a password may (RFC 7617, 2).
    private static func password(_ credentials: String) -> [UInt8]? {
        let text = credentials.trimmingCharacters(in: .whitespaces)
        guard let pair = Data(base64Encoded: text), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        return Array(pair[(colon + 1)...])
    }

    /// How a request is asked for it: what browsers answer to, and what programs do.
    static let challenges = ["Basic realm=\"spool\", charset=\"UTF-8\"", "Bearer realm=\"spool\""]
}
