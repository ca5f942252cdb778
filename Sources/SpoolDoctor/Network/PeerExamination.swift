import SpoolCore
import SpoolNetwork

/// Examines one connection, from name resolution to the certificate; checks after a failure are skipped.
struct PeerExamination {
    let subject: String
    let plan: ConnectionPlan
    let timeout: Duration
    let now: @Sendable () -> Timestamp

    private var peer: String { plan.endpoint.description }
    private var way: Route { Route(to: plan.endpoint, through: plan.proxy, timeout: timeout) }

    /// All findings, in the order of the steps of a connection.
    func run() async -> [Finding] {
        var findings = [await name()]
        let checks: [@Sendable () async -> [Finding]] =
            switch plan.transport {
            case .udp: [datagram]
            case .tcp: [connection, tunnel, lines]
            case .tls(let settings) where plan.proxy == nil: [{ await secured(settings) }]
            case .tls(let settings):
                [
                    connection, tunnel,
                    { await TLSExamination(peer: self, settings: settings, way: way).run() },
                ]
            }
        for check in checks {
            if let failed = findings.first(where: { $0.verdict == .problem }) {
                return findings + [skipped(after: failed)]
            }
            findings += await check()
        }
        return findings
    }

    func finding(
        _ check: String,
        _ verdict: Finding.Verdict,
        did: String,
        found: String,
        remedy: String? = nil
    ) -> Finding {
        Finding(subject, "\(plan.role.rawValue) \(check)", verdict, did: did, found: found, remedy: remedy)
    }

    /// A finding for a failure, in the daemon's own words.
    func problem(_ check: String, did: String, _ cause: NetworkCause, peer: String? = nil) -> Finding {
        let words = CauseWords(cause, peer: peer ?? self.peer, role: plan.role)
        return finding(check, .problem, did: did, found: words.found, remedy: words.remedy)
    }

    private func skipped(after failed: Finding) -> Finding {
        finding(
            "further checks",
            .skipped,
            did: "nothing",
            found: "not possible until \"\(failed.check)\" is fixed"
        )
    }

    private func name() async -> Finding {
        let host = way.firstHop.host
        let did =
            "looked up \(host)"
            + (plan.proxy == nil ? "" : " (the proxy, which looks up \(plan.endpoint.host) itself)")
        do {
            let addresses = try await NameProbe.addresses(of: host)
            return finding("name", .ok, did: did, found: addresses.joined(separator: ", "))
        } catch {
            return problem("name", did: did, error, peer: host)
        }
    }

    @Sendable private func connection() async -> [Finding] {
        let hop = way.firstHop
        let did = "connected to \(hop) over TCP" + (plan.proxy == nil ? "" : " (the proxy)")
        do throws(NetworkCause) {
            try await way.knock()
            return [finding("connection", .ok, did: did, found: "\(hop) accepts connections")]
        } catch {
            guard let proxy = plan.proxy else { return [problem("connection", did: did, error)] }
            let words = CauseWords(error, peer: "the proxy \(proxy)", role: plan.role)
            let found = "Invalid proxy address: \(words.found)"
            return [
                finding(
                    "proxy",
                    .problem,
                    did: did,
                    found: found,
                    remedy: "Check host and port in `proxy`, and that the proxy runs."
                )
            ]
        }
    }

    /// Examines connection and TLS together.
    ///
    /// A connection that is closed before its handshake is logged as an error by receivers.
    private func secured(_ settings: TLSSettings) async -> [Finding] {
        let examination = TLSExamination(peer: self, settings: settings, way: way)
        let greeting = await examination.greeting()
        let did = "connected to \(peer) over TCP"
        guard greeting.wasConnected else {
            return [problem("connection", did: did, greeting.failure ?? .closed)]
        }
        return [finding("connection", .ok, did: did, found: "\(peer) accepts connections")]
            + (await examination.findings(after: greeting))
    }

    @Sendable private func tunnel() async -> [Finding] {
        guard let proxy = plan.proxy else { return [] }
        let account = proxy.user.map { " as \($0)" } ?? ""
        let did = "asked the proxy \(proxy)\(account) for a tunnel to \(peer)"
        do throws(NetworkCause) {
            try await way.tunnel()
            return [finding("proxy", .ok, did: did, found: "the proxy opened it")]
        } catch {
            let found: String
            switch error {
            case .proxyCredentials where proxy.user == nil: found = "the proxy requires credentials (407)"
            case .proxyCredentials: found = "the proxy rejected the credentials (407)"
            case .timedOut: found = "the proxy does not answer"
            default: found = "the proxy does not open the tunnel"
            }
            return [
                finding(
                    "proxy",
                    .problem,
                    did: did,
                    found: "Invalid proxy address: \(found)",
                    remedy: error == .proxyCredentials
                        ? "Set `proxy: http://USER:${PASSWORD}@\(proxy)`, and check them at the proxy."
                        : "Check that \(proxy) is an HTTP proxy, and that its rules allow connections from "
                            + "this machine to \(peer)."
                )
            ]
        }
    }

    @Sendable private func datagram() async -> [Finding] {
        let did = "sent an empty datagram to \(peer)"
        do throws(NetworkCause) {
            try await DatagramProbe.knock(at: plan.endpoint)
            return [
                finding(
                    "connection",
                    .warning,
                    did: did,
                    found:
                        "no ICMP error, which is all UDP can show: whether lines arrive is unknown",
                    remedy:
                        "Look for a line at the receiver; `transport: tcp` or `tls` makes delivery provable."
                )
            ]
        } catch {
            return [problem("connection", did: did, error)]
        }
    }

    @Sendable private func lines() async -> [Finding] {
        guard plan.lines != .none else { return [] }
        return await ProtocolExamination(peer: self, way: way).run()
    }
}

/// Examines a sink without a network connection, such as the journal: opens it and sends nothing.
struct LocalExamination {
    let sink: any Sink

    func run() async -> Finding {
        let subject = "sink \(sink.name)"
        let did = "opened \(sink.address) and sent nothing"
        do throws(SinkFault) {
            let session = try await sink.open()
            await session.close()
            return Finding(subject, "connection", .ok, did: did, found: "it exists and is writable")
        } catch {
            let halves = SentenceHalves(error.description)
            return Finding(
                subject,
                "connection",
                .problem,
                did: did,
                found: halves.found,
                remedy: halves.remedy
            )
        }
    }
}

/// Splits the daemon's sentence for a network failure into what happened and what to do.
struct CauseWords {
    let found: String
    let remedy: String?

    /// - Parameters:
    ///   - cause: The failure.
    ///   - peer: The peer of the connection.
    ///   - role: The peer's role: the daemon's sentence is about a receiver, which does not fit a portal.
    init(_ cause: NetworkCause, peer: String, role: ConnectionPlan.Role) {
        let halves = SentenceHalves(cause.sentence(peer: peer))
        found = halves.found
        remedy = role == .siem ? halves.remedy : Self.remedy(cause, role) ?? halves.remedy
    }

    private static func remedy(_ cause: NetworkCause, _ role: ConnectionPlan.Role) -> String? {
        let setting = role == .login ? "`auth.authority`" : "`url`"
        return switch cause {
        case .refused: "Check \(setting), and whether a firewall blocks it or `proxy` is missing."
        case .reset, .closed:
            "Try again; if the problem persists, look for a firewall or proxy that breaks connections to the "
                + "\(role.rawValue)."
        case .timedOut: "Check firewalls on the path, and whether a `proxy` is needed."
        default: nil
        }
    }
}
