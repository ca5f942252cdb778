package import SpoolCore
package import SpoolNetwork

/// A source of type `defender-cloud-apps` as configured.
package struct DefenderSettings: Sendable {
    package let name: String
    /// The portal's root, without `/api/v1`.
    package let url: BaseURL
    package let poll: Duration
    package let requestsPerMinute: Int
    package let authentication: DefenderAuthentication
    package let route: ProxyRoute
    package let tls: TLSSettings
    package let streams: [DefenderStream]

    /// Reads a source; every mistake is added as a problem with its position, and the result is nil if there
    /// was one.
    package init?(_ node: ConfigurationNode, problems: ConfigurationProblems, environment: [String: String]) {
        let before = problems.list.count
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let name = group.require("name").flatMap { $0.sourceName(problems) }
        let renamedFrom = group.take("renamed_from").flatMap { $0.formerName(problems) }
        // Read by the code that selected this type.
        _ = group.require("type")
        let url = group.require("url").flatMap { Self.url($0, problems) }
        poll = group.duration("poll", in: .milliseconds(10) ... .days(1), default: .seconds(15))
        // The tenant's limit is 30 per minute, which other programs use too.
        requestsPerMinute = group.integer("requests_per_minute", in: 1...100_000, default: 20)
        let authentication = group.require("auth").flatMap { DefenderAuthentication($0, problems) }
        let route = ProxySetting.route(
            group.take("proxy"),
            source: node,
            problems: problems,
            environment: environment
        )
        tls = group.take("tls").flatMap { TLSSettings($0, problems) } ?? TLSSettings()
        streams = DefenderStream.all(
            group.take("streams"),
            source: name ?? "?",
            renamedFrom: renamedFrom,
            problems
        )
        group.finish()
        guard problems.list.count == before, let name, let url, let authentication, let route else {
            return nil
        }
        self.name = name
        self.url = url
        self.authentication = authentication
        self.route = route
    }

    static func url(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> BaseURL? {
        guard let text = node.text(problems) else { return nil }
        do {
            return try BaseURL(text)
        } catch {
            problems.add(error.description, at: node)
            return nil
        }
    }
}
