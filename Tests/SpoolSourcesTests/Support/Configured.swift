import SpoolConfig
import SpoolCore
import SpoolNetwork
import Testing

@testable import SpoolSources

/// Sources as an operator would configure them, read by the real configuration parser.
enum Configured {
    struct Mistake: Error, CustomStringConvertible {
        let description: String
    }

    static let environment = [
        "TOKEN": "0123456789abcdef", "CLIENT_SECRET": "s3cret~value", "PROXY_USER": "proxy user",
        "PROXY_PASSWORD": "p@ss:w/rd", "PROXY": "http://hidden:word@proxy.example:3128", "EMPTY": "",
    ]

    static func node(_ yaml: String, environment: [String: String] = environment) throws -> ConfigurationNode
    {
        try ConfigurationFile.parse(
            text: yaml,
            path: "test.yaml",
            secrets: SystemSecrets(environment: environment)
        ).root
    }

    /// The settings, or all problems.
    static func read(
        _ yaml: String,
        environment: [String: String] = environment
    ) throws -> (settings: DefenderSettings?, problems: [String]) {
        let problems = ConfigurationProblems()
        let settings = DefenderSettings(
            try node(yaml, environment: environment),
            problems: problems,
            environment: environment
        )
        return (settings, problems.list.sorted().map(\.description))
    }

    static func settings(_ yaml: String, environment: [String: String] = environment) throws
        -> DefenderSettings
    {
        let (settings, problems) = try read(yaml, environment: environment)
        guard let settings else { throw Mistake(description: problems.joined(separator: "\n")) }
        return settings
    }

    /// A source on `url` with a token, both streams and additional lines.
    static func minimal(
        url: String,
        auth: String = "{ token: \"${TOKEN}\" }",
        streams: String = "{ activities: {}, alerts: {} }",
        more: String = ""
    ) -> String {
        """
        name: contoso
        type: defender-cloud-apps
        url: \(url)
        auth: \(auth)
        streams: \(streams)
        \(more)
        """
    }
}
