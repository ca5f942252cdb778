import Foundation
import SpoolCore
import SpoolNetwork

/// A Microsoft Entra token and its request: OAuth 2.0 client credentials, version 2.0.
///
/// learn.microsoft.com/defender-cloud-apps/api-authentication-application.
struct AccessToken: Sendable, Equatable {
    let value: Secret
    /// Counted from the response.
    let lifetime: Duration

    /// The application id of Defender for Cloud Apps in every tenant.
    private static let scope = "05a65629-4c1b-48c1-a78b-804c4abdd4af/.default"

    /// Limits of the response and of the token, which is part of a header of every request.
    static let bodyLimit = 256 << 10
    static let tokenLimit = 32 << 10
    /// Accepted values of `expires_in`: less would request a token for every request, more would never renew
    /// it.
    private static let lifetimes = Int64(10)...86_400

    static func call(_ application: DefenderAuthentication.Application, secret: Secret) -> HTTPCall {
        HTTPCall(
            .post,
            application.authority,
            "/\(application.tenantID)/oauth2/v2.0/token",
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
            ],
            body: FormText.form([
                ("grant_type", "client_credentials"), ("client_id", application.clientID),
                ("client_secret", secret.reveal()), ("scope", scope),
            ])
        )
    }

    /// Parses the response of the token service.
    static func read(
        _ answer: HTTPAnswer,
        _ application: DefenderAuthentication.Application
    ) throws(SourceFault) -> AccessToken {
        let peer = application.authority.peer
        let body = try? JSONDecoder().decode(Body.self, from: Data(answer.body))
        if answer.status == 200, let text = body?.access_token {
            let token = Secret(text)
            if token.isHeaderText, text.utf8.count <= tokenLimit {
                let lifetime = body?.expires_in?.value ?? 3_599
                return AccessToken(value: token, lifetime: .seconds(lifetimes.clamped(lifetime)))
            }
        }
        switch answer.status {
        case 400..<500 where answer.isWebPage && answer.status != 429:
            throw SourceFault(
                .nonsense,
                "received a web page instead of \(peer)'s response to the token request (\(answer.status)): "
                    + "a proxy or firewall in between answered; allow \(peer) there, or correct "
                    + "`auth.authority`"
            )
        case 429, 503:
            let date = answer.header("date").flatMap(HTTPDate.timestamp)
            let wait = RetryAfter.wait(answer.header("retry-after"), date: date)
            throw SourceFault(
                .throttled(wait),
                "\(peer) is not issuing tokens at the moment (\(answer.status))"
            )
        case 400..<500:
            throw SourceFault(
                .invalidToken,
                "Invalid token: \(peer) refuses to issue one to application \(application.clientID)"
                    + "\(reason(body)); check `tenant_id`, `client_id`, and whether `client_secret` has "
                    + "expired"
            )
        default:
            throw SourceFault(
                .nonsense,
                "\(peer) answers the token request with status \(answer.status) and without a usable token; "
                    + "check `auth.authority`"
            )
        }
    }

    /// The error code without the description, which only repeats ids and times.
    private static func reason(_ body: Body?) -> String {
        let words = (body?.error_description ?? "").prefix(16).prefix { $0 != ":" && $0 != " " }
        if words.hasPrefix("AADSTS"), words.dropFirst(6).allSatisfy(\.isNumber) { return " (\(words))" }
        let known = [
            "invalid_client", "invalid_request", "unauthorized_client", "invalid_scope", "invalid_grant",
        ]
        return body?.error.flatMap { known.contains($0) ? " (\($0))" : nil } ?? ""
    }

    private struct Body: Decodable {
        var access_token: String?
        var expires_in: Lenient.Number?
        var error: String?
        var error_description: String?
    }
}

extension ClosedRange {
    /// The value, or the nearest bound if the value is outside.
    fileprivate func clamped(_ value: Bound) -> Bound { Swift.min(Swift.max(value, lowerBound), upperBound) }
}
