import Foundation

/// The token in the `Authorization` header of a request: as a bearer token, or as the password of any user.
///
/// Browsers have no prompt for bearer tokens. They ask the user for a name and a password once, and send them
/// with every request to the same origin (RFC 7617, 2.2), including those of the page.
struct ShownToken: Sendable, Equatable {
    let bytes: [UInt8]

    /// Nil if the header contains none; the scheme is case-insensitive (RFC 9110, 11.1).
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

    /// The text after the first colon: the name cannot contain one, the password may (RFC 7617, 2).
    private static func password(_ credentials: String) -> [UInt8]? {
        let text = credentials.trimmingCharacters(in: .whitespaces)
        guard let pair = Data(base64Encoded: text), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        return Array(pair[(colon + 1)...])
    }

    /// The challenges for a request without a token: one for browsers, one for programs.
    static let challenges = ["Basic realm=\"spool\", charset=\"UTF-8\"", "Bearer realm=\"spool\""]
}
