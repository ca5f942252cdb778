import SpoolConfig
import SpoolCore
import SpoolNetwork
import SpoolPipeline
import SpoolSimulator

@testable import SpoolSources

/// A source from its configuration text, parsed by the real parser.
struct SourceText {
    var streams = "{ activities: { start: 2d }, alerts: { start: 2d } }"
    /// The lines of `auth:`, given the portal's address; a token by default.
    var auth: @Sendable (String) -> String = { _ in "{ token: \"${TOKEN}\" }" }
    var poll = "1m"
    var token = Credentials.defaultToken
    var bodyCap = DefenderSource.bodyCap
    /// The maximum number of concurrent pages.
    var pagesAtOnce = PageFetcher.pagesAtOnce
    /// The response timeout, in real time.
    var deadline = Duration.seconds(120)

    /// The application that is registered in the portal.
    static let application: @Sendable (String) -> String = { url in
        let known = Credentials.defaultApplication
        return """
            { tenant_id: \(known.tenantID), client_id: \(known.clientID), client_secret: "${SECRET}", \
            authority: "\(url)" }
            """
    }

    struct Mistake: Error, CustomStringConvertible {
        let description: String
    }

    func yaml(_ url: String) -> String {
        """
        name: contoso
        type: defender-cloud-apps
        url: \(url)
        poll: \(poll)
        auth: \(auth(url))
        streams: \(streams)
        """
    }

    /// The source; its tokens age by `elapsed`.
    func source(on url: String, elapsed: @escaping @Sendable () -> Duration) throws -> DefenderSource {
        let environment = ["TOKEN": token, "SECRET": Credentials.defaultApplication.secret]
        let node = try ConfigurationFile.parse(
            text: yaml(url),
            path: "test.yaml",
            secrets: SystemSecrets(environment: environment)
        ).root
        let problems = ConfigurationProblems()
        guard let settings = DefenderSettings(node, problems: problems, environment: [:]) else {
            throw Mistake(description: problems.list.map(\.description).joined(separator: "\n"))
        }
        return DefenderSource(
            settings,
            http: HTTPSettings(
                tls: settings.tls,
                route: settings.route,
                idleTimeout: deadline,
                deadline: deadline
            ),
            bodyCap: bodyCap,
            elapsed: elapsed
        )
    }
}
