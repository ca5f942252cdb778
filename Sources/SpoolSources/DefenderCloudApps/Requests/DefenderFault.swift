import Foundation
import SpoolCore
import SpoolNetwork

/// Interprets responses that are not a page, by status and body.
struct DefenderFault {
    /// The portal's host, for messages.
    let peer: String
    let stream: StreamName
    /// True when the request contained a scan's position in addition to the configured filters.
    let isContinuation: Bool
    /// The kind of authorization, for messages.
    let isLegacyToken: Bool

    /// The fault for a transport error.
    static func transport(_ fault: HTTPFault) -> SourceFault {
        switch fault.kind {
        case .unreachable: SourceFault(.unreachable, fault.description)
        case .proxy: SourceFault(.invalidProxy, "Invalid proxy address: \(fault)")
        case .incomplete, .cancelled: SourceFault(.incomplete, fault.description)
        case .nonsense: SourceFault(.nonsense, fault.description)
        case .tooLarge: SourceFault(.tooLarge, fault.description)
        }
    }

    /// The fault for a response; nil for one with status 200 that looks like the API's.
    func fault(of answer: HTTPAnswer) -> SourceFault? {
        let date = answer.header("date").flatMap(HTTPDate.timestamp)
        let wait = RetryAfter.wait(answer.header("retry-after"), date: date)
        switch answer.status {
        case 200: return answer.isWebPage ? webPage() : nil
        case 300..<400: return redirect(answer)
        // The API refuses with JSON or plain text; other refusals say nothing about the token.
        case 400...403 where answer.isWebPage, 405..<407 where answer.isWebPage,
            // Unavailable for legal reasons (RFC 7725), network authentication required (RFC 6585).
            451 where answer.isWebPage, 511:
            return intercepted(answer.status)
        case 400: return badRequest(answer)
        case 401...403 where says("licen", answer): return unlicensed()
        case 401: return invalidToken()
        case 403: return saysInvalidToken(answer) ? invalidToken() : forbidden()
        case 404:
            return SourceFault(
                .nonsense,
                "\(peer) does not have the API at this path (404); check that `url` is the API URL shown in "
                    + "the portal under Settings > Cloud Apps > About"
            )
        case 407:
            return SourceFault(
                .invalidProxy,
                "Invalid proxy address: a proxy in front of \(peer) requires credentials (407)"
            )
        case 408, 504:
            return SourceFault(
                .incomplete,
                "\(peer) took too long to respond for \(stream) (\(answer.status))"
            )
        case 429: return SourceFault(.throttled(wait), throttled(wait))
        case 503 where wait != nil:
            return SourceFault(.throttled(wait), "\(peer) asks for a retry later (503)")
        default:
            return SourceFault(.nonsense, "\(peer) answers with status \(answer.status) for \(stream)")
        }
    }

    /// The fault for a body that cannot be sliced into records.
    func fault(of error: SliceError) -> SourceFault {
        switch error {
        case .truncated:
            SourceFault(.incomplete, "\(peer)'s response for \(stream) is truncated")
        case .notAnObject:
            SourceFault(.nonsense, "\(peer)'s response for \(stream) is not JSON; check `url`")
        case .malformed(let index):
            SourceFault(.nonsense, "invalid JSON at byte \(index) of \(peer)'s response for \(stream)")
        case .noData:
            SourceFault(.nonsense, "\(peer)'s response for \(stream) has no `data` array; check `url`")
        case .tooManyRecords(let most):
            SourceFault(
                .tooLarge,
                "\(peer)'s response for \(stream) contains more than \(most) records, many more than "
                    + "requested; spool discards it and requests fewer"
            )
        case .placeTooLarge(let bytes):
            SourceFault(
                .nonsense,
                "\(peer)'s response for \(stream) contains a continuation token of \(bytes) bytes, which is "
                    + "too long; check `url`"
            )
        }
    }

    func withoutDate() -> SourceFault {
        SourceFault(
            .nonsense,
            "\(peer)'s response has no readable `Date` header, so the source's time is unknown; "
                + "a proxy on the path may remove it"
        )
    }

    /// True when the token itself was rejected, so that a new one is worth a try.
    func isRejection(_ answer: HTTPAnswer) -> Bool {
        guard !answer.isWebPage else { return false }
        return answer.status == 401 || answer.status == 403 && saysInvalidToken(answer)
    }

    private func saysInvalidToken(_ answer: HTTPAnswer) -> Bool { says("invalid token", answer) }

    private func intercepted(_ status: Int) -> SourceFault {
        SourceFault(
            .nonsense,
            "received a web page instead of the API's response for \(stream) (\(status)): a proxy or "
                + "firewall between this machine and \(peer) answered, so neither token nor licence is the "
                + "cause; allow \(peer) there, or correct `proxy` and `url`"
        )
    }

    private func webPage() -> SourceFault {
        SourceFault(
            .nonsense,
            "\(peer) answers with a web page instead of JSON: a sign-in page, or a proxy's notice; check "
                + "`url` and whether a proxy or gateway answers instead of the portal"
        )
    }

    private func redirect(_ answer: HTTPAnswer) -> SourceFault {
        let target =
            answer.header("location").flatMap { URLComponents(string: $0)?.host }
            .map { PrintableText.escaped($0, limit: 100) } ?? "another address"
        return SourceFault(
            .nonsense,
            "\(peer) redirects requests to \(target) (\(answer.status)), which would lose them; set `url` to "
                + "the tenant's own API URL"
        )
    }

    private func invalidToken() -> SourceFault {
        SourceFault(
            .invalidToken,
            isLegacyToken
                ? "Invalid token: \(peer) rejected it; create a new one in the portal under Settings > Cloud "
                    + "Apps > API tokens, with an account that will not be removed"
                : "Invalid token: \(peer) rejected a new one; check `tenant_id` and that the application has "
                    + "permissions for \"Microsoft Cloud App Security\""
        )
    }

    private func forbidden() -> SourceFault {
        SourceFault(
            .forbidden,
            isLegacyToken
                ? "\(peer) does not allow this token to read \(stream) (403): the user who created it was "
                    + "removed or lacks the permission; create a new token"
                : "\(peer) does not allow this application to read \(stream) (403): grant it "
                    + "`Investigation.Read` and give admin consent"
        )
    }

    /// The portal's text for this is not published; any text that mentions a license or licence is
    /// interpreted as such.
    private func unlicensed() -> SourceFault {
        SourceFault(
            .forbidden,
            "\(peer) reports that the tenant has no licence for Defender for Cloud Apps; assign one "
                + "(Microsoft 365 admin center, Billing > Licenses) and open the portal once, or correct "
                + "`url` if it is another tenant's"
        )
    }

    private func throttled(_ wait: Duration?) -> String {
        "\(peer) is rate limiting requests (429)" + (wait.map { ", for \(Age.text($0))" } ?? "")
            + "; its limit is 30 per minute for the whole tenant: lower `requests_per_minute` if other "
            + "clients need them"
    }

    private func says(_ text: String, _ answer: HTTPAnswer) -> Bool {
        String(decoding: answer.body.prefix(1_024), as: UTF8.self).lowercased().contains(text)
    }

    /// A longer error body is not parsed.
    private static let readableError = 64 << 10

    /// The body names the invalid field: `{"filters":[{"error":"…","errorMessageCode":"…"}],"error":true}`.
    private func badRequest(_ answer: HTTPAnswer) -> SourceFault {
        var fields: [String] = []
        if answer.body.count <= Self.readableError,
            case .object(let entries)? = try? JSONDecoder().decode(JSONValue.self, from: Data(answer.body))
        {
            fields = entries.keys.filter { $0 != "error" && $0 != "detail" }
                .map { PrintableText.escaped($0, limit: 60) }.sorted()
        }
        let named = fields.isEmpty ? "" : ", namely `" + fields.prefix(5).joined(separator: "`, `") + "`"
        if isContinuation {
            return SourceFault(
                .scanLost,
                "\(peer) rejected the continuation of the scan of \(stream) (400)\(named); it starts over"
            )
        }
        return SourceFault(
            .rejected,
            "\(peer) rejected the request for \(stream) (400)\(named); check the stream's `filters`"
        )
    }
}
