import Foundation
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

extension WebhookSink: NetworkPeer {
    var connections: [ConnectionPlan] {
        [
            ConnectionPlan(
                role: .webhook,
                url: settings.base,
                tls: settings.tls,
                route: settings.route
            )
        ]
    }
}

/// The payload of a notification for a webhook; `text` is what chat services show.
struct WebhookMessage: Encodable {
    let text: String
    let id: String
    let state: NotificationRecord.State
    let severity: String
    let code: String
    let subject: String
    let message: String
    let raised: String
    let at: String
    /// This machine's name.
    let host: String

    init(_ record: NotificationRecord, host: String) {
        let mark = record.state == .raised ? record.severity.uppercased() : "OK"
        text = "[\(mark)] spool on \(host): \(record.title): \(record.text)"
        id = record.id
        state = record.state
        severity = record.severity
        code = record.code
        subject = record.subject
        message = record.message
        raised = record.raised.description
        at = record.at.description
        self.host = host
    }

    /// The body of the request.
    func body() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}

/// What the response means for the notification that was posted.
enum WebhookAnswer: Equatable {
    case outcome(Outcome)
    case fault(SinkFault)

    /// Interprets a response; any 2xx is success.
    ///
    /// A status that the next attempt may resolve is a fault of the sink. A body that the webhook will never
    /// accept is refused. Any other status requires the operator.
    init(_ answer: HTTPAnswer, peer: String) {
        switch answer.status {
        case 200..<300: self = .outcome(.delivered(.acknowledged))
        case 429:
            let date = answer.header("date").flatMap { HTTPDate.timestamp($0) }
            let wait = RetryAfter.wait(answer.header("retry-after"), date: date) ?? .minutes(1)
            self = .fault(SinkFault(.throttled(wait), "\(peer) is rate limiting requests (HTTP 429)"))
        case 408, 425, 500..<600:
            self = .fault(
                SinkFault(.unreachable, "\(peer) is temporarily unavailable (HTTP \(answer.status))")
            )
        case 400, 413, 422:
            let detail = "the webhook answered HTTP \(answer.status)"
            self = .outcome(.refused(Refusal(reason: "rejected", detail: detail)))
        case 300..<400:
            self = .fault(
                SinkFault(
                    .misconfigured,
                    "\(peer) answers HTTP \(answer.status), a redirect, which spool does not follow; set "
                        + "`url` to its target"
                )
            )
        case 401, 403, 407:
            self = .fault(
                SinkFault(
                    .misconfigured,
                    "\(peer) answers HTTP \(answer.status); check `secret` and `secret_header`"
                )
            )
        default:
            self = .fault(SinkFault(.misconfigured, "\(peer) answers HTTP \(answer.status); check `url`"))
        }
    }

    /// Interprets a failed request; a response whose body is too long is interpreted by its status.
    init(_ fault: HTTPFault, peer: String) {
        if case .tooLarge(let beginning) = fault.kind {
            self.init(beginning, peer: peer)
        } else {
            self = .fault(SinkFault(.unreachable, fault.description))
        }
    }
}
