import SpoolCore
import SpoolFormats
import SpoolNetwork

/// Posts notifications as JSON, one per request.
struct WebhookSink: Sink {
    let name: SinkName
    let type = "webhook"
    let settings: WebhookSettings
    let hostName: String

    /// Without path and query, which may be secret.
    var address: String { "\(settings.base.isSecure ? "https" : "http")://\(peer)" }
    var needsRaw: Bool { true }
    var batchLimit: BatchLimit { BatchLimit(events: 1) }
    /// The receiver itself acknowledges.
    var doubt: KernelDoubt { .none }

    private var peer: String { String(settings.base.peer.prefix { $0 != "/" }) }

    /// Opens only a connection with its TLS handshake, because a request would trigger the webhook.
    func open() async throws(SinkFault) -> any SinkSession {
        if settings.route.proxy(for: settings.base) == nil { try await connect() }
        let http = HTTPRequester(
            HTTPSettings(tls: settings.tls, route: settings.route, deadline: .seconds(30))
        )
        return WebhookSession(http, settings: settings, peer: peer, hostName: hostName)
    }

    func rehearse(_ batch: EventBatch) {
        for record in batch.notificationRecords {
            _ = try? record.map { try WebhookMessage($0, host: hostName).body() }
        }
    }

    private func connect() async throws(SinkFault) {
        let plan = StreamPlan(
            endpoint: Endpoint(host: settings.base.host, port: settings.base.port),
            isTLS: settings.base.isSecure,
            tls: settings.tls
        )
        let nothing = LineRenderer(
            LineFormat(payload: .json, envelope: .bare, framing: .lines, maxMessageBytes: 1_024)
        )
        await (try StreamConnector(plan: plan).open(nothing)).close()
    }
}

/// Posts requests to one webhook, one after the other.
final class WebhookSession: SinkSession {
    /// The maximum number of bytes read of a response; only its status matters.
    private static let cap = 64 << 10

    let settlements: AsyncStream<Settlement>
    private let http: HTTPRequester
    private let settings: WebhookSettings
    private let headers: [(name: String, value: String)]
    private let peer: String
    private let hostName: String
    private let report = StreamReport()

    init(_ http: HTTPRequester, settings: WebhookSettings, peer: String, hostName: String) {
        self.http = http
        self.settings = settings
        headers = settings.headers()
        self.peer = peer
        self.hostName = hostName
        settlements = report.settlements
    }

    func send(_ batch: EventBatch, number: Int) async throws(SinkFault) {
        try await report.gate.enter(0)
        var runs: [OutcomeRun] = []
        var bytes = 0
        for record in batch.notificationRecords {
            guard let body = try? record.map({ try WebhookMessage($0, host: hostName).body() }) else {
                runs.append(OutcomeRun(count: 1, outcome: .refused(.noNotification)))
                continue
            }
            switch await post(body) {
            case .outcome(let outcome): runs.append(OutcomeRun(count: 1, outcome: outcome))
            case .fault(let fault):
                report.over(fault)
                throw fault
            }
            bytes += body.count
        }
        report.settled([SettledBatch(batch: number, runs: runs, bytes: bytes)])
    }

    func finish(timeout: Duration) async {
        await http.shutDown()
        report.over(nil)
    }

    func close() async {
        report.over(SinkFault(.unreachable, "spool stopped posting to \(peer)"))
        await http.shutDown()
    }

    private func post(_ body: [UInt8]) async -> WebhookAnswer {
        let call = HTTPCall(.post, settings.base, settings.query, headers: headers, body: body)
        do throws(HTTPFault) {
            return WebhookAnswer(try await http.send(call, cap: Self.cap), peer: peer)
        } catch {
            return WebhookAnswer(error, peer: peer)
        }
    }
}
