import SpoolCore
import SpoolNetwork

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
