/// The token service, and the portal's check of its tokens.
struct Authority: Sendable {
    private static let resource = "05a65629-4c1b-48c1-a78b-804c4abdd4af"

    var credentials: Credentials
    private var bearers: [String: Int64] = [:]
    private var dice: Dice

    init(_ credentials: Credentials, seed: UInt64) {
        self.credentials = credentials
        dice = Dice(seed: seed, purpose: 10)
    }

    /// Expires all bearer tokens immediately.
    mutating func revokeBearers() {
        bearers = [:]
    }

    /// True if the header contains a token that is valid now.
    func admits(_ header: String?, now: Int64) -> Bool {
        guard let parts = header?.split(separator: " ", maxSplits: 1), parts.count == 2 else { return false }
        let secret = String(parts[1])
        switch parts[0] {
        case "Token": return credentials.tokens.contains(secret)
        case "Bearer": return bearers[secret].map { now < $0 } ?? false
        default: return false
        }
    }

    /// Responds to a request for a bearer token; version 2 of the endpoint requires a scope, version 1 a
    /// resource.
    mutating func token(tenant: String, isVersion2: Bool, form: [String: String], now: Int64) -> Answer {
        guard let application = credentials.application, tenant == application.tenantID else {
            return refusal(400, "invalid_request", 90002, "Tenant '\(tenant)' not found.")
        }
        guard form["grant_type"] == "client_credentials" else {
            return refusal(
                400,
                "unsupported_grant_type",
                70003,
                "The app requested an unsupported grant type."
            )
        }
        let audience = isVersion2 ? form["scope"] : form["resource"]
        guard audience == (isVersion2 ? "\(Self.resource)/.default" : Self.resource) else {
            return refusal(
                400,
                "invalid_scope",
                70011,
                "The provided value for 'scope' or 'resource' is not valid."
            )
        }
        guard form["client_id"] == application.clientID else {
            return refusal(400, "unauthorized_client", 700_016, "Application was not found in the directory.")
        }
        guard form["client_secret"] == application.secret else {
            return refusal(401, "invalid_client", 7_000_215, "Invalid client secret provided.")
        }
        let seconds = milliseconds(application.lifetime) / 1000
        let bearer =
            "eyJ0eXAiOiJKV1QifQ.\(hexadecimal(dice.next(), width: 16)).\(hexadecimal(dice.next(), width: 16))"
        bearers[bearer] = now + seconds * 1000
        return Answer(
            200,
            json: .object([
                "token_type": .string("Bearer"), "expires_in": .integer(seconds),
                "ext_expires_in": .integer(0),
                "access_token": .string(bearer),
            ])
        )
    }

    private func refusal(_ status: Int, _ error: String, _ code: Int64, _ text: String) -> Answer {
        Answer(
            status,
            json: .object([
                "error": .string(error), "error_description": .string("AADSTS\(code): \(text)"),
                "error_codes": .array([.integer(code)]),
            ])
        )
    }
}

/// The credentials that the portal accepts.
package struct Credentials: Sendable {
    /// Legacy API tokens.
    package var tokens: Set<String>
    /// The application that may request bearer tokens; nil for none.
    package var application: Application?
    /// What callers may read; other requests are answered with 403.
    package var permissions: Set<PortalStream> = [.activities, .alerts]

    /// An application registered with the token service.
    package struct Application: Sendable {
        package var tenantID: String
        package var clientID: String
        package var secret: String
        /// The lifetime of its bearer tokens.
        package var lifetime: Duration

        /// An application with bearer tokens valid for nearly an hour, as in the vendor's examples.
        package init(tenantID: String, clientID: String, secret: String, lifetime: Duration = .seconds(3599))
        {
            self.tenantID = tenantID
            self.clientID = clientID
            self.secret = secret
            self.lifetime = lifetime
        }
    }

    /// A legacy token in the portal's format.
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
