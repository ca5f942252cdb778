/// Who may use the portal.
package struct Credentials: Sendable {
    /// Legacy API tokens.
    package var tokens: Set<String>
    /// The application that may ask the login authority for a bearer token; nil for none.
    package var application: Application?
    /// What any caller may read; anything else is answered 403.
    package var permissions: Set<PortalStream> = [.activities, .alerts]

    /// An application registered with the login authority.
    package struct Application: Sendable {
        package var tenantID: String
        package var clientID: String
        package var secret: String
        /// How long its bearer tokens last.
        package var lifetime: Duration

        /// An application with bearer tokens of nearly an hour, as in the vendor's examples.
        package init(tenantID: String, clientID: String, secret: String, lifetime: Duration = .seconds(3599))
        {
            self.tenantID = tenantID
            self.clientID = clientID
            self.secret = secret
            self.lifetime = lifetime
        }
    }

    /// A legacy token in the form that portals make.
    package static let defaultToken = String(repeating: "0123456789abcdef", count: 4)
    /// The application registered by default.
    package static let defaultApplication = Application(
        tenantID: Vocabulary.entraTenant,
        clientID: "22222222-3333-4444-8555-666666666666",
        secret: "simulated-secret"
    )

    /// The default token and application unless others are given.
    package init(tokens: Set<String> = [defaultToken], application: Application? = defaultApplication) {
        self.tokens = tokens
        self.application = application
    }
}
