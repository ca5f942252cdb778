package import SpoolCore
package import SpoolNetwork

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
