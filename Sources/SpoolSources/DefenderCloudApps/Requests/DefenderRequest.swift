import Foundation
import SpoolCore
import SpoolNetwork

/// The bodies and paths of requests.
enum DefenderRequest {
    /// The maximum of `skip + limit`.
    static let offsetLimit = 5_000
    /// The minimum and maximum page size of scan mode.
    static let scanLimits = 500...5_000

    /// Always with a trailing slash: a redirect would lose a POST's body.
    static func path(_ kind: EventKind) -> String {
        switch kind {
        case .activity: "/api/v1/activities/"
        case .alert: "/api/v1/alerts/"
        }
    }

    static func recordPath(_ kind: EventKind, id: String) -> String {
        path(kind) + FormText.encoded(id) + "/"
    }

    /// The time by which a stream is read: the time of saving; alerts have only the time of raising.
    static func timeField(_ kind: EventKind) -> String {
        switch kind {
        case .activity: "created"
        case .alert: "date"
        }
    }

    /// The body of the smallest possible request, for the response's `Date`.
    static func probe(_ stream: DefenderStream) -> [UInt8] {
        body(stream.stream.kind, filters: stream.filters.text, isScan: false, limit: 1, skip: 0)
    }

    /// The body of the next page of a scan.
    ///
    /// - Throws: `nonsense` if one millisecond has more records than the API can list.
    static func page(
        _ stream: DefenderStream,
        scan: Scan,
        position: ScanPosition,
        limit: Int
    ) throws(SourceFault) -> [UInt8] {
        let kind = stream.stream.kind
        guard position.skip < offsetLimit else {
            throw SourceFault(
                .nonsense,
                "more than \(offsetLimit) records of \(stream.stream.name) share one timestamp, and the API "
                    + "does not list more; narrow the stream's filters, or split it across two sources by a "
                    + "filter"
            )
        }
        let isScan = kind == .activity && limit >= scanLimits.lowerBound && position.skip == 0
        return body(
            kind,
            filters: try filters(stream, scan: scan, segment: position.segment),
            isScan: isScan,
            limit: isScan
                ? min(limit, scanLimits.upperBound) : min(max(limit, 1), offsetLimit - position.skip),
            skip: position.skip
        )
    }

    private static func body(
        _ kind: EventKind,
        filters: String,
        isScan: Bool,
        limit: Int,
        skip: Int
    ) -> [UInt8] {
        var text = #"{"filters":"# + filters
        if isScan { text += #","isScan":true"# }
        text += #","limit":"# + String(limit)
        if !isScan { text += #","skip":"# + String(skip) }
        text += #","sortDirection":"asc","sortField":""# + timeField(kind) + #""}"#
        return Array(text.utf8)
    }

    private static func filters(
        _ stream: DefenderStream,
        scan: Scan,
        segment: ScanPosition.Segment
    ) throws(SourceFault) -> String {
        let field = timeField(stream.stream.kind)
        if let verbatim = segment.filters {
            if segment.lower == nil && segment.upper == nil { return verbatim }
            guard
                case .object(let filters)? = try? JSONDecoder().decode(
                    JSONValue.self,
                    from: Data(verbatim.utf8)
                )
            else {
                throw SourceFault(
                    .scanLost,
                    "the source's continuation token cannot be narrowed; the scan starts over"
                )
            }
            return narrowed(filters, field, segment).text
        }
        guard case .object(var filters) = stream.filters else { return stream.filters.text }
        filters[field] = window(stream.stream.kind, scan)
        return narrowed(filters, field, segment).text
    }

    /// Half open, as scans are; only `created` supports `lt`.
    private static func window(_ kind: EventKind, _ scan: Scan) -> JSONValue {
        var bounds = ["gte": JSONValue.integer(scan.from.milliseconds)]
        if let to = scan.to {
            switch kind {
            case .activity: bounds["lt"] = .integer(to.milliseconds)
            case .alert: bounds["lte"] = .integer(to.milliseconds - 1)
            }
        }
        return .object(bounds)
    }

    private static func narrowed(
        _ filters: [String: JSONValue],
        _ field: String,
        _ segment: ScanPosition.Segment
    ) -> JSONValue {
        var filters = filters
        var bounds: [String: JSONValue] = [:]
        if case .object(let existing)? = filters[field] { bounds = existing }
        if let lower = segment.lower {
            bounds["gte"] = .integer(max(lower, bounds["gte"]?.asInteger ?? lower))
        }
        if let upper = segment.upper {
            bounds["lte"] = .integer(min(upper, bounds["lte"]?.asInteger ?? upper))
        }
        filters[field] = .object(bounds)
        return .object(filters)
    }
}

extension JSONValue {
    fileprivate var asInteger: Int64? {
        if case .integer(let number) = self { return number }
        return nil
    }
}

/// The common part of all requests for one stream: their address and the interpretation of responses.
struct Request {
    let stream: DefenderStream
    let faults: DefenderFault
    private let base: BaseURL

    init(_ stream: DefenderStream, on settings: DefenderSettings, isContinuation: Bool = false) {
        self.stream = stream
        base = settings.url
        let isLegacyToken =
            switch settings.authentication {
            case .token: true
            case .application: false
            }
        faults = DefenderFault(
            peer: settings.url.peer,
            stream: stream.stream.name,
            isContinuation: isContinuation,
            isLegacyToken: isLegacyToken
        )
    }

    /// Always a POST with a JSON body, because a GET's `limit` is ignored.
    func list(_ body: [UInt8]) -> HTTPCall {
        HTTPCall(
            .post,
            base,
            DefenderRequest.path(stream.stream.kind),
            headers: [("Content-Type", "application/json"), ("Accept", "application/json")],
            body: body
        )
    }

    func record(_ id: String) -> HTTPCall {
        HTTPCall(
            .get,
            base,
            DefenderRequest.recordPath(stream.stream.kind, id: id),
            headers: [("Accept", "application/json")]
        )
    }

    func date(of answer: HTTPAnswer) throws(SourceFault) -> Timestamp {
        if let date = answer.header("date").flatMap(HTTPDate.timestamp) { return date }
        throw faults.withoutDate()
    }

    /// Slices the response to a request for `limit` records.
    func list(of answer: HTTPAnswer, limit: Int) throws(SourceFault) -> ListAnswer {
        if let fault = faults.fault(of: answer) { throw fault }
        let date = try date(of: answer)
        do {
            // A page may contain more records than requested: the rest of a millisecond, which is at most a
            // whole list.
            let most = limit + DefenderRequest.offsetLimit
            return try ListAnswer(answer.body, most: most, kind: stream.stream.kind, date: date)
        } catch {
            throw faults.fault(of: error)
        }
    }
}

/// Percent encoding (RFC 3986 §2.1): everything but the unreserved characters.
enum FormText {
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }

    /// `application/x-www-form-urlencoded`.
    static func form(_ fields: [(String, String)]) -> [UInt8] {
        Array(fields.map { encoded($0.0) + "=" + encoded($0.1) }.joined(separator: "&").utf8)
    }
}
