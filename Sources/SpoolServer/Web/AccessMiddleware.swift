import Hummingbird

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
