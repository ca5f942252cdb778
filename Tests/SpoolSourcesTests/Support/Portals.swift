import SpoolCore
import SpoolNetwork
import SpoolSimulator

@testable import SpoolSources

/// Simulated portals, and sources that read them.
enum Portals {
    /// The portal's time in these tests; it is stopped.
    static let now: Int64 = 1_795_000_000_000
    static let day: Int64 = 86_400_000

    static func configuration(history: Int = 0) -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration()
        configuration.clock = .manual(startMs: now)
        configuration.history = history
        configuration.historyWindow = .hours(24)
        configuration.activitiesPerLargeOne = 0
        configuration.lateness = .none
        configuration.throttle = nil
        // Pages of 50, regardless of the limit: many pages of few records.
        configuration.limits.scanMinimum = 1
        configuration.limits.scanMaximum = 50
        configuration.limits.list = 30
        configuration.limits.alerts = 30
        return configuration
    }

    static func source(
        _ url: String,
        auth: String = "{ token: \"${TOKEN}\" }",
        streams: String = "{ activities: {}, alerts: {} }",
        more: String = "",
        token: String = Credentials.defaultToken,
        deadline: Duration = .seconds(60),
        connect: Duration = .seconds(10),
        bodyCap: Int = DefenderSource.bodyCap,
        elapsed: (@Sendable () -> Duration)? = nil
    ) throws -> DefenderSource {
        let settings = try Configured.settings(
            Configured.minimal(url: url, auth: auth, streams: streams, more: more),
            environment: Configured.environment.merging([
                "TOKEN": token, "CLIENT_SECRET": Credentials.defaultApplication.secret,
            ]) { _, new in new }
        )
        let http = HTTPSettings(
            tls: settings.tls,
            route: settings.route,
            connectTimeout: connect,
            deadline: deadline
        )
        return DefenderSource(settings, http: http, bodyCap: bodyCap, elapsed: elapsed)
    }

    /// The lines of `auth:` for the application registered with the simulator.
    static func application(_ url: String, tenant: String? = nil) -> String {
        let known = Credentials.defaultApplication
        return """
            { tenant_id: \(tenant ?? known.tenantID), client_id: \(known.clientID), \
            client_secret: "${CLIENT_SECRET}", authority: "\(url)" }
            """
    }

    /// Runs a portal and a source on it, and shuts both down.
    static func with<Result: Sendable>(
        _ configuration: SimulatorConfiguration,
        auth: (@Sendable (String) -> String)? = nil,
        bodyCap: Int = DefenderSource.bodyCap,
        deadline: Duration = .seconds(60),
        streams: String = "{ activities: {}, alerts: {} }",
        token: String = Credentials.defaultToken,
        elapsed: (@Sendable () -> Duration)? = nil,
        _ body: (Simulator, DefenderSource) async throws -> Result
    ) async throws -> Result {
        try await Simulator.run(configuration) { portal in
            let source = try source(
                portal.url,
                auth: auth?(portal.url) ?? "{ token: \"${TOKEN}\" }",
                streams: streams,
                token: token,
                deadline: deadline,
                bodyCap: bodyCap,
                elapsed: elapsed
            )
            do {
                let result = try await body(portal, source)
                await source.shutDown()
                return result
            } catch {
                await source.shutDown()
                throw error
            }
        }
    }
}
