import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("wrong access", .daemons)
struct WrongAccessTests {
    /// A fault between the daemon and its portal.
    enum Wrong: CaseIterable, Sendable {
        case token, proxy, noProxy, host, plainPort, untrusted, expired, otherHost

        /// The name of the state, as `spool status` shows it.
        var state: String {
            switch self {
            case .token: "invalid token"
            case .proxy, .noProxy: "invalid proxy address"
            case .host, .plainPort, .untrusted, .expired, .otherHost: "unreachable"
            }
        }

        /// Parts of the message: the cause and the remedy.
        var says: [String] {
            switch self {
            case .token: ["rejected it", "create a new one in the portal"]
            case .proxy: ["refuses the connection", "check host and port"]
            case .noProxy: ["refuses to connect", "check its rules"]
            case .host: ["portal.invalid: this name has no address", "check its spelling"]
            case .plainPort: ["does not use TLS on this port", "use its TLS port"]
            // The TLS library does not distinguish these two, so the message names both.
            case .untrusted, .expired:
                ["is not trusted", "not valid at this machine's time", "set `tls.ca_file`"]
            case .otherHost: ["does not contain this address", "subjectAltName"]
            }
        }
    }

    @Test(
        "is a state of a running daemon with one message and few requests; check --connect reports it",
        arguments: Wrong.allCases
    )
    func found(_ wrong: Wrong) async throws {
        try await Site.run(.busy(history: 10)) { site in
            try site.folder.write(String(repeating: "f", count: 64), to: "wrong-token")
            let portal = try await Self.portal(wrong, site)
            let siem = try await site.receiver()
            try site.configure {
                $0.text = Self.text(wrong, site, portal: portal)
                    .replacing("SIEM", with: "127.0.0.1:\(siem.port)")
            }
            let before = Self.contacts(site, portal)
            let daemon = try await site.daemon()

            try await eventually("the state is shown", within: .seconds(60)) {
                let states = try await site.query("SELECT state FROM stream", as: State.self).map(\.state)
                return states == [wrong.state, wrong.state]
            }
            // Long enough for a tight loop to send a thousand requests.
            try await Task.sleep(for: .seconds(2))
            let contacts = Self.contacts(site, portal) - before
            let status = try await site.spool("status")
            #expect(contacts <= 12, "\(contacts) contacts")
            #expect(status.output.contains(wrong.state), "\(status)")
            for words in wrong.says { #expect(status.output.contains(words), "\(status)") }
            let messages = daemon.lines(.errors).filter { $0.isLog("source not answering") }
            #expect((1...2).contains(messages.count), "\(messages)")
            #expect(try await daemon.terminate() == .exited(0))

            let check = try await site.spool("check", "--connect")
            #expect(check.code == 3, "\(check)")
            for words in wrong.says { #expect(check.output.contains(words), "\(check)") }
            #expect(check.output.contains("ok  sink siem"), "\(check)")
        }
    }

    @Test("a token without permission for alerts stops only alerts")
    func forbidden() async throws {
        try await Site.run(.busy(history: 200)) { site in
            var credentials = Credentials()
            credentials.permissions = [.activities]
            site.simulator.setCredentials(credentials)
            let siem = try await site.receiver()
            try site.configure { $0.sinks = [.init("siem", port: siem.port)] }
            let daemon = try await site.daemon()

            let activities = site.simulator.visibleIDs(.activities)
            try await siem.await(ids: activities.count)
            let status = try await site.spool("status")
            let check = try await site.spool("check", "--connect")

            #expect(Set(siem.ids.keys) == activities)
            #expect(status.output.contains("forbidden"), "\(status)")
            #expect(check.code == 3, "\(check)")
            #expect(check.output.contains("ok  source tenant/activities"), "\(check)")
            #expect(check.output.contains("FAILED  source tenant/alerts: forbidden"), "\(check)")
            let asked = site.simulator.requests.requests(for: .alerts).count
            #expect(asked <= 4, "\(asked) requests")

            site.simulator.setCredentials(Credentials())
            #expect(try await daemon.terminate() == .exited(0))
            let next = try await site.daemon()
            try await siem.await(ids: site.visible.count)
            #expect(try await next.terminate() == .exited(0))
        }
    }

    @Test(
        "an invalid certificate of the SIEM is a state of the sink only",
        arguments: [true, false]
    )
    func sink(isExpired: Bool) async throws {
        try await Site.run(.busy(history: 50)) { site in
            let certificates = try await TestCertificates(in: site.folder)
            let pair = isExpired ? certificates.expired : certificates.wrongHost
            let siem = try await site.receiver(.keeping(.tls(Self.tls(pair))))
            try site.configure {
                $0.sinks = [
                    .init(
                        "siem",
                        port: siem.port,
                        transport: "tls",
                        ["tls": "{ ca_file: \(certificates.caFile) }"]
                    )
                ]
            }
            let daemon = try await site.daemon()

            let visible = try await site.fetchAll()
            let says = isExpired ? "not trusted" : "certificate that does not contain this address"
            try await eventually("the sink's state is shown") {
                try await site.number("SELECT count(*) FROM sink WHERE last_error LIKE '%\(says)%'") == 1
            }
            let check = try await site.spool("check", "--connect")

            #expect(try await site.waiting("siem") == visible.count)
            #expect(siem.counts.messages == 0)
            #expect(siem.counts.connectionsOpened <= 10)
            #expect(check.code == 3)
            #expect(check.output.contains("FAILED  sink siem") && check.output.contains(says), "\(check)")
            #expect(try await daemon.terminate() == .exited(0))
        }
    }

    // MARK: Replacements of the portal

    private struct State: Decodable { let state: String }

    /// A listener that replaces the portal or its proxy and counts connections; nil if the portal itself is
    /// used.
    private static func portal(_ wrong: Wrong, _ site: Site) async throws -> Receiver? {
        let certificates: TestCertificates
        switch wrong {
        case .token, .proxy, .noProxy, .host, .plainPort: return nil
        case .untrusted, .expired, .otherHost: certificates = try await TestCertificates(in: site.folder)
        }
        let pair =
            switch wrong {
            case .expired: certificates.expired
            case .otherHost: certificates.wrongHost
            default: certificates.server
            }
        return try await site.receiver(.keeping(.tls(tls(pair))))
    }

    private static func tls(_ pair: TestCertificates.Pair) -> ReceiverTLS {
        ReceiverTLS(certificateFile: pair.certFile, keyFile: pair.keyFile)
    }

    private static func contacts(_ site: Site, _ portal: Receiver?) -> Int {
        portal?.counts.connectionsOpened ?? site.simulator.requests.total
    }

    private static func text(_ wrong: Wrong, _ site: Site, portal: Receiver?) -> String {
        let tls = portal.map { "https://127.0.0.1:\($0.port)" } ?? ""
        let trusted = "tls: { ca_file: FOLDER/ca.pem }"
        let (url, more) =
            switch wrong {
            case .token: ("PORTAL", "poll: 200ms")
            case .proxy: ("https://portal.invalid", "proxy: http://127.0.0.1:9")
            case .noProxy: ("https://portal.invalid", "proxy: PORTAL")
            case .host: ("https://portal.invalid", "poll: 200ms")
            case .plainPort: ("https://127.0.0.1:\(site.simulator.port)", "poll: 200ms")
            case .untrusted: (tls, "poll: 200ms")
            case .expired, .otherHost: (tls, trusted)
            }
        return """
            spool: { path: FOLDER/spool.db }
            sources:
              - name: tenant
                type: defender-cloud-apps
                url: \(url)
                \(more)
                auth: { token: file:FOLDER/\(wrong == .token ? "wrong-token" : "token") }
                streams:
                  activities: { start: 2d }
                  alerts: { start: 2d }
            sinks:
              - name: siem
                type: syslog
                address: SIEM
                transport: tcp
                streams: [tenant/activities, tenant/alerts]
            status: { listen: none }

            """
    }
}
