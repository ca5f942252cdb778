import Foundation
import Hummingbird
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

/// Rejects requests without access before they are routed.
struct AccessMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    /// Reads the current configuration: a reload may have changed the token.
    let access: @Sendable () -> Access

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let decision = access().decision(
            path: request.uri.path,
            host: request.head.authority,
            authorization: request.headers[.authorization]
        )
        switch decision {
        case .allowed: return try await next(request, context)
        case .foreignHost:
            return .text(
                "This host name is not one of the server's; use localhost.\n",
                status: .misdirectedRequest
            )
        case .unauthorized:
            var response = Response.text(
                "Sign in with any user name and status.token as the password, "
                    + "or send it as a bearer token.\n",
                status: .unauthorized
            )
            response.headers[values: .wwwAuthenticate] = ShownToken.challenges
            return response
        }
    }
}

/// Adds security headers to responses.
struct SecurityHeaders: RouterMiddleware {
    typealias Context = BasicRequestContext

    /// Scripts and styles are loaded only from this server, and nothing from anywhere else.
    static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)
        }
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.cacheControl] = "no-store"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        return response
    }
}

extension Response {
    /// A response with text.
    static func text(
        _ text: String,
        _ type: String = "text/plain; charset=utf-8",
        status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
