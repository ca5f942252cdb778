import Foundation
import SpoolCore
import SpoolNetwork

/// Provides the `Authorization` header, and renews an application's token.
///
/// At most one token request is in progress, even if several streams need one at the same time.
actor Authorizer {
    private let authentication: DefenderAuthentication
    private let requester: HTTPRequester
    /// A monotonic clock for the lifetime of tokens.
    private let elapsed: @Sendable () -> Duration

    private var current: Held?
    /// The configured secret as it was last read: the portal's token, or the application's secret.
    private var secret: Secret?
    private var refresh: SharedWork<Result<Held, SourceFault>>?
    /// Numbers the requests, so that one that ends late does not affect its successor.
    private var requests = 0

    private struct Held {
        let header: String
        let refreshAt: Duration
        let expiresAt: Duration
    }

    init(
        _ authentication: DefenderAuthentication,
        requester: HTTPRequester,
        elapsed: @escaping @Sendable () -> Duration
    ) {
        self.authentication = authentication
        self.requester = requester
        self.elapsed = elapsed
    }

    /// The header for the next request; nil when the only one available was rejected.
    ///
    /// `rejected` is the header that the portal has just answered with 401, if any.
    func header(insteadOf rejected: String? = nil) async throws(SourceFault) -> String? {
        switch authentication {
        case .token(let token): return header(of: token, insteadOf: rejected)
        case .application(let application):
            if let current, current.header != rejected, elapsed() < current.refreshAt {
                return current.header
            }
            switch await refreshed(application) {
            case .success(let held): return held.header
            case .failure(let fault):
                // Tokens are renewed early: the old one is used while the token service is unavailable.
                if let current, current.header != rejected, elapsed() < current.expiresAt {
                    return current.header
                }
                throw fault
            }
        }
    }

    /// Cancels a request in progress and returns when it has ended.
    func shutDown() async { await refresh?.cancel() }

    /// After a rejection, reads the token again from its source, because it may have been replaced.
    private func header(of token: RenewableSecret, insteadOf rejected: String?) -> String? {
        let held = "Token " + (secret ?? token.value).reveal()
        guard held == rejected else { return held }
        guard let fresh = token.reread() else { return nil }
        secret = fresh
        let header = "Token " + fresh.reveal()
        return header == rejected ? nil : header
    }

    /// Requests a token, or waits for the request in progress; a cancelled caller stops waiting immediately.
    private func refreshed(
        _ application: DefenderAuthentication.Application
    ) async -> Result<Held, SourceFault> {
        while !Task.isCancelled {
            let request = refresh ?? begin(application, after: nil)
            switch await request.value() {
            case .value(let result): return result
            case .cancelled: return .failure(.cancelledTokenRequest)
            // All waiters have stopped waiting, and the request is being cancelled.
            case .abandoned: if refresh === request { _ = begin(application, after: request) }
            }
        }
        return .failure(.cancelledTokenRequest)
    }

    /// Starts a request once the previous one has ended.
    private func begin(
        _ application: DefenderAuthentication.Application,
        after last: SharedWork<Result<Held, SourceFault>>?
    ) -> SharedWork<Result<Held, SourceFault>> {
        requests += 1
        let number = requests
        let request = SharedWork { [self] in
            await last?.cancel()
            let result = await ask(application)
            await ended(number, result)
            return result
        }
        refresh = request
        return request
    }

    private func ended(_ number: Int, _ result: Result<Held, SourceFault>) {
        if case .success(let held) = result { current = held }
        if number == requests { refresh = nil }
    }

    /// Requests a token; if the secret is rejected, tries once more with a replaced secret.
    private func ask(_ application: DefenderAuthentication.Application) async -> Result<Held, SourceFault> {
        let held = secret ?? application.clientSecret.value
        let first = await ask(application, secret: held)
        guard case .failure(let fault) = first, fault.kind == .invalidToken,
            let fresh = application.clientSecret.reread(), fresh != held
        else { return first }
        secret = fresh
        return await ask(application, secret: fresh)
    }

    private func ask(
        _ application: DefenderAuthentication.Application,
        secret: Secret
    ) async -> Result<Held, SourceFault> {
        let asked = elapsed()
        do {
            let answer = try await requester.send(
                AccessToken.call(application, secret: secret),
                cap: AccessToken.bodyLimit
            )
            let token = try AccessToken.read(answer, application)
            // Renew five minutes ahead, or by a fifth of a short lifetime, so that no request carries a token
            // that is about to expire.
            let margin = min(.minutes(5), token.lifetime / 5)
            return .success(
                Held(
                    header: "Bearer " + token.value.reveal(),
                    refreshAt: asked + token.lifetime - margin,
                    expiresAt: asked + token.lifetime
                )
            )
        } catch let fault as HTTPFault {
            return .failure(DefenderFault.transport(fault))
        } catch let fault as SourceFault {
            return .failure(fault)
        } catch {
            return .failure(SourceFault(.unreachable, "no token could be obtained"))
        }
    }
}

extension SourceFault {
    fileprivate static let cancelledTokenRequest = SourceFault(
        .unreachable,
        "spool cancelled the token request"
    )
}

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
