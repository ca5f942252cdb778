import SpoolCore
import SpoolNetwork
import SpoolTestSupport
import Testing

@testable import SpoolSources

@Suite("Settings of a Defender for Cloud Apps source")
struct DefenderSettingsTests {
    private static let design = """
        name: contoso
        renamed_from: old-contoso
        type: defender-cloud-apps
        url: https://contoso.us2.portal.cloudappsecurity.com
        poll: 15s
        requests_per_minute: 20
        auth: { token: "${TOKEN}" }
        proxy: http://proxy.example:3128
        streams:
          activities:
            start: 2d
            look_back: 10m
            filters: { "activity.eventType": { eq: [EVENT_CATEGORY_LOGIN] } }
          alerts: { start: 2026-11-20, look_back: 48h, page_limit: 50, sweep: 1m }
        """

    @Test("the documented example is read as documented")
    func readsExample() throws {
        let settings = try Configured.settings(Self.design)

        #expect(settings.name == "contoso")
        #expect(settings.url.description == "https://contoso.us2.portal.cloudappsecurity.com")
        #expect(settings.poll == .seconds(15))
        #expect(settings.requestsPerMinute == 20)
        #expect(settings.authentication == .token(RenewableSecret(Secret("0123456789abcdef"))))
        #expect(settings.route == ProxyRoute(configured: try ProxyAddress("proxy.example:3128")))
        let activities = try #require(settings.streams.first)
        #expect(activities.stream.name == StreamName(source: "contoso", stream: "activities"))
        #expect(activities.stream.renamedFrom == StreamName(source: "old-contoso", stream: "activities"))
        #expect(activities.stream.start == .age(.days(2)))
        #expect(activities.stream.lookBack == .minutes(10))
        #expect(activities.stream.sweepInterval == .minutes(5))
        #expect(!activities.stream.sweepsBack)
        #expect(activities.stream.pageLimit == 5_000)
        #expect(activities.stream.overlap > .zero)
        #expect(activities.filters.text == #"{"activity.eventType":{"eq":["EVENT_CATEGORY_LOGIN"]}}"#)
        let alerts = try #require(settings.streams.last)
        #expect(alerts.stream.kind == .alert)
        #expect(alerts.stream.start == .time(try #require(Timestamp(rfc3339: "2026-11-20"))))
        #expect(alerts.stream.lookBack == .hours(48))
        #expect(alerts.stream.sweepInterval == .minutes(1))
        #expect(alerts.stream.sweepsBack)
        #expect(alerts.stream.pageLimit == 50)
    }

    @Test("missing settings have their default")
    func hasDefaults() throws {
        let settings = try Configured.settings(
            """
            name: c
            type: defender-cloud-apps
            url: https://c.example
            auth: { token: "${TOKEN}" }
            """
        )
        #expect(settings.poll == .seconds(15))
        #expect(settings.requestsPerMinute == 20)
        #expect(settings.route.proxy(for: settings.url) == nil)
        #expect(settings.streams.map(\.stream.name.stream) == ["activities", "alerts"])
        #expect(settings.streams.map(\.stream.start) == [.age(.days(2)), .age(.days(2))])
        #expect(settings.streams.map(\.stream.sweepInterval) == [.minutes(5), .minutes(10)])
        #expect(settings.streams.map(\.stream.lookBack) == [.minutes(10), .hours(48)])
        #expect(settings.streams.map(\.stream.pageLimit) == [5_000, 100])
        #expect(settings.streams.allSatisfy { $0.stream.renamedFrom == nil })
    }

    @Test(
        "only the named streams exist",
        arguments: [
            ("{ activities: {} }", ["activities"]), ("{ alerts: {} }", ["alerts"]),
            ("{ alerts: , activities: }", ["activities", "alerts"]),
        ]
    )
    func choosesStreams(streams: String, expected: [String]) throws {
        let settings = try Configured.settings(Configured.minimal(url: "https://c.example", streams: streams))
        #expect(settings.streams.map(\.stream.name.stream) == expected)
    }

    @Test("a Microsoft Entra application is read")
    func readsApplication() throws {
        let settings = try Configured.settings(
            Configured.minimal(
                url: "https://c.example",
                auth:
                    "{ tenant_id: 11111111-2222-4333-8444-555555555555, client_id: abc, "
                    + "client_secret: \"${CLIENT_SECRET}\" }"
            )
        )
        guard case .application(let application) = settings.authentication else {
            Issue.record("not an application")
            return
        }
        #expect(application.tenantID == "11111111-2222-4333-8444-555555555555")
        #expect(application.clientID == "abc")
        #expect(application.clientSecret.value.reveal() == "s3cret~value")
        #expect(application.authority.description == "https://login.microsoftonline.com")
    }

    @Test(
        "a proxy's credentials come from the environment, completely or in part",
        arguments: [
            ("http://${PROXY_USER}:${PROXY_PASSWORD}@proxy.example:1", "proxy user", "p@ss:w/rd", 1),
            ("http://me:${PROXY_PASSWORD}@proxy.example", "me", "p@ss:w/rd", 8_080),
            ("${PROXY}", "hidden", "word", 3_128),
        ]
    )
    func readsProxyCredentials(proxy: String, user: String, password: String, port: Int) throws {
        let settings = try Configured.settings(
            Configured.minimal(url: "https://c.example", more: "proxy: \"\(proxy)\"")
        )
        let found = try #require(settings.route.proxy)
        #expect(found.user == user)
        #expect(found.password?.reveal() == password)
        #expect(found.port == port)
    }

    @Test("without `proxy` the environment's proxy is used, with its exceptions")
    func readsEnvironmentProxy() throws {
        let yaml = Configured.minimal(url: "https://c.example", more: "")
        var environment = Configured.environment
        environment["HTTPS_PROXY"] = "http://from.example:3128"

        let settings = try Configured.settings(yaml, environment: environment)
        #expect(settings.route.proxy(for: settings.url)?.host == "from.example")

        environment["NO_PROXY"] = "c.example"
        let excepted = try Configured.settings(yaml, environment: environment)
        #expect(excepted.route.proxy(for: excepted.url) == nil)

        environment["HTTPS_PROXY"] = "https://from.example"
        let (none, problems) = try Configured.read(yaml, environment: environment)
        #expect(none == nil)
        #expect(problems.first?.contains("HTTPS_PROXY") == true)
    }

    @Test(
        "every invalid value is a problem at its position",
        arguments: [
            ("name: \"a/b\"", "1:7: a name consists of"),
            ("name: ok\nurl: http://c.example", "2:6: `http://`"),
            ("name: ok\nurls: https://c.example", "2:1: unknown key `urls`; did you mean `url`?"),
            ("name: ok\npoll: 15", "2:7: expected a duration"),
            ("name: ok\npoll: 0s", "2:7: expected a duration"),
            ("name: ok\nrequests_per_minute: 0", "2:22: expected a whole number"),
            ("name: ok\nauth: { token: plain }", "2:16: secrets must not be written into this file"),
            (
                "name: ok\nauth: { token: \"${NOBODY}\" }",
                "2:16: the environment variable `NOBODY` is not set"
            ),
            ("name: ok\nauth: {}", "2:7: expected `token`"),
            ("name: ok\nauth: { tenant_id: a }", "2:7: expected `token`"),
            ("name: ok\nauth: { token: \"${TOKEN}\", client_id: a }", "2:16: either `token`"),
            (
                "name: ok\nauth: { tenant_id: a/b, client_id: c, client_secret: \"${TOKEN}\" }",
                "2:20: expected an id"
            ),
            ("name: ok\nproxy: socks5://p", "2:8: Invalid proxy address: a proxy is used over"),
            (
                "name: ok\nproxy: http://u:secret@p.example",
                "2:8: passwords must not be written into this file"
            ),
            (
                "name: ok\nproxy: \"http://${TOKEN}:secret@p.example\"",
                "2:8: passwords must not be written into this file"
            ),
            (
                "name: ok\nproxy: \"http://${NOBODY}@p.example\"",
                "2:8: Invalid proxy address: the environment"
            ),
            ("name: ok\ntls: { ca_file: /nowhere.pem }", "2:17: cannot read"),
            ("name: ok\nstreams: {}", "2:10: no stream"),
            ("name: ok\nstreams: { activites: {} }", "2:12: unknown key `activites`"),
            ("name: ok\nstreams: { activities: { start: 181d } }", "2:33: expected an age of at most 180d"),
            ("name: ok\nstreams: { activities: { start: soon } }", "2:33: expected an age"),
            ("name: ok\nstreams: { activities: { look_back: 31d } }", "2:37: expected a duration"),
            ("name: ok\nstreams: { alerts: { page_limit: 5001 } }", "2:34: expected a whole number"),
            (
                "name: ok\nstreams: { alerts: { filter: {} } }",
                "2:22: unknown key `filter`; did you mean `filters`?"
            ),
            ("name: ok\nstreams: [activities]", "2:10: expected a group of keys"),
        ]
    )
    func findsProblems(yaml: String, expected: String) throws {
        let (settings, problems) = try Configured.read(yaml)

        #expect(settings == nil)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
        #expect(!problems.contains { $0.contains("secret@") || $0.contains("plain") })
    }

    @Test("all problems of a source are reported together")
    func findsAllProblems() throws {
        let (_, problems) = try Configured.read("type: defender-cloud-apps\npoll: x\nurl: y\nother: z")
        #expect(problems.count == 5, "\(problems)")
    }

    @Test("equal filters have equal hashes in any notation, different ones have different hashes")
    func hashesFilters() throws {
        func hash(_ filters: String) throws -> String {
            let yaml = Configured.minimal(
                url: "https://c.example",
                streams: "{ activities: { filters: \(filters) } }"
            )
            return try #require(try Configured.settings(yaml).streams.first).stream.filterHash
        }
        #expect(
            try hash("{ service: { eq: [1, 2] }, policy: { isset: true } }")
                == hash("{policy: {isset: true}, service: {eq: [1,2]}}")
        )
        #expect(try hash("{ service: { eq: [1] } }") == hash("{ service: { eq: 1 } }"))
        #expect(try hash("{ service: { eq: [1] } }") != hash("{ service: { neq: [1] } }"))
        #expect(try hash("{ service: { eq: [1] } }") != hash("{}"))
    }

    @Test("the factory makes the source, and reports unknown types")
    func dispatches() throws {
        let problems = ConfigurationProblems()
        let source = Sources.make(
            from: try Configured.node(Self.design),
            problems: problems,
            environment: [:]
        )
        #expect(source?.type == "defender-cloud-apps")
        #expect(source?.budgetKey == "https://contoso.us2.portal.cloudappsecurity.com")
        #expect(source?.streams.count == 2)

        #expect(
            Sources.make(from: try Configured.node("name: a"), problems: problems, environment: [:]) == nil
        )
        #expect(
            Sources.make(from: try Configured.node("type: graph"), problems: problems, environment: [:])
                == nil
        )
        #expect(Sources.make(from: try Configured.node("[]"), problems: problems, environment: [:]) == nil)
        #expect(problems.list.count == 3)
    }
}
