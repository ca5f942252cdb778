import SpoolSimulator
import Testing

@Suite("Access")
struct AccessTests {
    @Test("is refused without a valid token", arguments: [nil, "Token wrong", "Bearer wrong", "nonsense"])
    func badToken(authorization: String?) async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            var client = PortalClient(simulator)
            client.authorization = authorization

            let page = try await client.list(.activities)

            #expect(page.status == 401)
            #expect(page.json["detail"] as? String == "Invalid token")
        }
    }

    @Test("is granted to an application until its bearer token expires or is revoked")
    func bearer() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            var client = PortalClient(simulator)
            let application = Credentials.defaultApplication
            let form =
                "grant_type=client_credentials&client_id=\(application.clientID)"
                + "&client_secret=\(application.secret)"
                + "&scope=05a65629-4c1b-48c1-a78b-804c4abdd4af%2F.default"
            func token() async throws -> PortalClient.Page {
                try await client.send(
                    "POST",
                    "/\(application.tenantID)/oauth2/v2.0/token",
                    Array(form.utf8),
                    type: "application/x-www-form-urlencoded"
                )
            }

            let answer = try await token()
            #expect(answer.json["expires_in"] as? Int == 3599)
            client.authorization = "Bearer \(answer.json["access_token"] as? String ?? "")"
            #expect(try await client.list(.alerts).status == 200)
            simulator.clock.advance(by: .seconds(3600))
            #expect(try await client.list(.alerts).status == 401)

            client.authorization = "Bearer \(try await token().json["access_token"] as? String ?? "")"
            #expect(try await client.list(.alerts).status == 200)
            simulator.revokeBearers()
            #expect(try await client.list(.alerts).status == 401)
            #expect(simulator.requests.requests(for: .token).count == 2)
        }
    }

    @Test(
        "to the token service fails with a wrong secret, application, scope, grant or tenant",
        arguments: [
            ("client_secret=x", 401), ("client_id=x", 400), ("scope=x", 400), ("grant_type=password", 400),
            ("", 400),
        ]
    )
    func refusedToken(change: String, status: UInt) async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let application = Credentials.defaultApplication
            let form =
                "grant_type=client_credentials&client_id=\(application.clientID)"
                + "&client_secret=\(application.secret)"
                + "&scope=05a65629-4c1b-48c1-a78b-804c4abdd4af/.default&\(change)"
            let tenant = change.isEmpty ? "other" : application.tenantID

            let answer = try await PortalClient(simulator).send(
                "POST",
                "/\(tenant)/oauth2/v2.0/token",
                Array(form.utf8),
                type: "application/x-www-form-urlencoded"
            )

            #expect(answer.status == status)
            #expect(answer.json["error"] is String)
        }
    }

    @Test("can be granted to one stream and denied to the other")
    func permission() async throws {
        var credentials = Credentials()
        credentials.permissions = [.activities]
        let configuration = quietPortal { $0.credentials = credentials }
        try await Simulator.run(configuration) { simulator async throws in
            let client = PortalClient(simulator)

            #expect(try await client.list(.activities).status == 200)
            #expect(try await client.list(.alerts).status == 403)
        }
    }

    @Test("is throttled above 30 requests per minute of the portal's time")
    func throttle() async throws {
        let configuration = quietPortal { $0.throttle = Throttle() }
        try await Simulator.run(configuration) { simulator async throws in
            let client = PortalClient(simulator)
            for _ in 0..<30 { #expect(try await client.list(.activities).status == 200) }

            simulator.clock.advance(by: .seconds(20))
            let refused = try await client.list(.alerts)
            simulator.clock.advance(by: .seconds(41))
            let later = try await client.list(.alerts)

            #expect(refused.status == 429)
            #expect(refused.header("Retry-After") == "40")
            #expect((refused.json["detail"] as? String)?.contains("throttled") == true)
            #expect(later.status == 200)
            #expect(simulator.requests.busiestMinute == 31)
        }
    }
}
