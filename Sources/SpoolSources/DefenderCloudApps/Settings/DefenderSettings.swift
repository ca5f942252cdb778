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

/// The authentication of a source: an API token of the portal, or a Microsoft Entra application.
package enum DefenderAuthentication: Sendable, Equatable {
    case token(RenewableSecret)
    case application(Application)

    /// OAuth 2.0 client credentials.
    package struct Application: Sendable, Equatable {
        package let tenantID: String
        package let clientID: String
        package let clientSecret: RenewableSecret
        /// The token service.
        package let authority: BaseURL
    }

    package init?(_ node: ConfigurationNode, _ problems: ConfigurationProblems) {
        guard var group = ConfigurationMapping(node, problems: problems) else { return nil }
        let token = group.take("token")
        let tenant = group.take("tenant_id")
        let client = group.take("client_id")
        let secret = group.take("client_secret")
        let authority = group.take("authority")
        group.finish()
        if let token {
            if tenant != nil || client != nil || secret != nil || authority != nil {
                problems.add(
                    "either `token`, or `tenant_id`, `client_id` and `client_secret`: not both",
                    at: token
                )
                return nil
            }
            guard let token = token.headerSecret(problems) else { return nil }
            self = .token(token)
            return
        }
        guard let tenant, let client, let secret else {
            problems.add(
                "expected `token`, or `tenant_id`, `client_id` and `client_secret` together",
                at: node
            )
            return nil
        }
        guard let tenantID = Self.identifier(tenant, problems),
            let clientID = Self.identifier(client, problems),
            let clientSecret = secret.headerSecret(problems),
            let authority = authority.map({ DefenderSettings.url($0, problems) }) ?? Self.commercial
        else { return nil }
        self = .application(
            Application(
                tenantID: tenantID,
                clientID: clientID,
                clientSecret: clientSecret,
                authority: authority
            )
        )
    }

    /// The authority of the worldwide cloud; GCC High and DoD use `https://login.microsoftonline.us`.
    private static let commercial = try? BaseURL("https://login.microsoftonline.com")

    private static func identifier(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> String? {
        guard let text = node.text(problems) else { return nil }
        let isIdentifier =
            !text.isEmpty
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
        if isIdentifier { return text }
        problems.add("expected an id such as `11111111-2222-4333-8444-555555555555`", at: node)
        return nil
    }
}

/// Reads `proxy:`; without it, `HTTPS_PROXY` and `NO_PROXY` of the environment apply.
enum ProxySetting {
    static func route(
        _ node: ConfigurationNode?,
        source: ConfigurationNode,
        problems: ConfigurationProblems,
        environment: [String: String]
    ) -> ProxyRoute? {
        do {
            guard let node else { return try ProxyRoute(environment: environment) }
            guard let written = node.text(problems) else { return nil }
            let proxy = try ProxyAddress(try expanded(written, node.secrets))
            if hasPassword(written) {
                problems.add(
                    "passwords must not be written into this file: use "
                        + "`http://user:${PROXY_PASSWORD}@\(proxy)`",
                    at: node
                )
                return nil
            }
            return ProxyRoute(configured: proxy)
        } catch {
            problems.add(
                node == nil
                    ? "HTTPS_PROXY in the environment cannot be used: \(error)"
                    : "Invalid proxy address: \(error)",
                at: node ?? source
            )
            return nil
        }
    }

    /// True when the text itself contains a password instead of a reference to one.
    private static func hasPassword(_ text: String) -> Bool {
        guard let at = text.lastIndex(of: "@") else { return false }
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        guard start < at, let colon = text[start..<at].firstIndex(of: ":") else { return false }
        let password = text[text.index(after: colon)..<at]
        return !password.isEmpty && !password.hasPrefix("${")
    }

    /// Resolves `file:`, `credential:` and every `${NAME}` within the text.
    private static func expanded(
        _ text: String,
        _ secrets: any SecretLookup
    ) throws(AddressProblem) -> String {
        do throws(SecretFault) {
            if text.hasPrefix("file:") || text.hasPrefix("credential:") {
                return try secrets.resolve(text).reveal()
            }
            var result = ""
            var rest = text[...]
            while let start = rest.firstRange(of: "${"),
                let end = rest[start.upperBound...].firstIndex(of: "}")
            {
                result += rest[..<start.lowerBound]
                let value = try secrets.resolve(String(rest[start.lowerBound...end])).reveal()
                // The whole URL may be the secret; within a URL, a value must not be parsed as punctuation.
                result += start.lowerBound == text.startIndex ? value : FormText.encoded(value)
                rest = rest[rest.index(after: end)...]
            }
            return result + rest
        } catch {
            throw AddressProblem(error.description)
        }
    }
}
