import SpoolCore
import SpoolNetwork

/// Gives requests their `Authorization`, and keeps an application's token fresh.
///
/// However many streams ask at once, one request for a token is under way at most.
actor Authorizer {
    private let authentication: DefenderAuthentication
    private let requester: HTTPRequester
    /// Time that only grows, for the life of tokens.
    private let elapsed: @Sendable () -> Duration

    private var current: Held?
    private var refresh: Task<Result<Held, SourceFault>, Never>?

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

    /// The header for the next request; nil when there is no other than the rejected one.
    ///
    /// `rejected` is the header that the portal has just answered with 401, if it has.
    func header(insteadOf rejected: String? = nil) async throws(SourceFault) -> String? {
        switch authentication {
        case .token(let token): return rejected == nil ? "Token " + token.reveal() : nil
        case .application(let application):
            if let current, current.header != rejected, elapsed() < current.refreshAt {
                return current.header
            }
            switch await refreshed(application) {
            case .success(let held): return held.header
            case .failure(let fault):
                // Refreshed ahead of need: the old one serves while the authority is away.
                if let current, current.header != rejected, elapsed() < current.expiresAt {
                    return current.header
                }
                throw fault
            }
        }
    }

    /// Waits for a request under way to end.
    func shutDown() async {
        refresh?.cancel()
        _ = await refresh?.value
    }

    private func refreshed(
        _ application: DefenderAuthentication.Application
    ) async -> Result<Held, SourceFault> {
        if let refresh { return await refresh.value }
        // Not the caller's child: others wait for it too, and must not fail with the caller's cancellation.
        let task = Task {
            let result = await ask(application)
            if case .success(let held) = result { current = held }
            refresh = nil
            return result
        }
        refresh = task
        return await task.value
    }

    private func ask(_ application: DefenderAuthentication.Application) async -> Result<Held, SourceFault> {
        let asked = elapsed()
        do {
            let answer = try await requester.send(AccessToken.call(application), cap: 1 << 20)
            let token = try AccessToken.read(answer, application)
            // Some minutes ahead, or a fifth of a short life, so that no request carries one that ends on the way.
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
            return .failure(SourceFault(.unreachable, "no token could be had"))
        }
    }
}
