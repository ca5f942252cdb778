/// Selects the requests that a fault affects.
package struct FaultRule: Sendable {
    /// How often the fault occurs.
    package enum Occurrence: Sendable, Equatable {
        case always
        case next(Int)
        case probability(Double)
    }

    /// The fault.
    package var fault: Fault
    /// The requests that it may affect.
    package var targets: Set<RequestTarget>
    /// How often it occurs.
    package var occurrence: Occurrence

    /// A rule for lists and records of both streams unless other targets are given.
    package init(
        _ fault: Fault,
        on targets: Set<RequestTarget> = [.activities, .alerts],
        _ occurrence: Occurrence = .next(1)
    ) {
        self.fault = fault
        self.targets = targets
        self.occurrence = occurrence
    }
}

/// The target of a request.
package enum RequestTarget: String, Sendable, Hashable, CaseIterable {
    case activities
    case alerts
    /// The token service.
    case token

    var stream: PortalStream? {
        PortalStream(rawValue: rawValue)
    }
}

extension FaultRule {
    /// Parses a rule such as `{"fault": "status", "code": 503, "streams": ["alerts"], "next": 3}`.
    init(_ json: JSONValue) throws(FieldError) {
        let fault = try Fault(json)
        let names = json["streams"]?.elements.compactMap(\.string) ?? ["activities", "alerts"]
        let targets = names.compactMap(RequestTarget.init)
        guard targets.count == names.count else {
            throw FieldError(field: "streams", message: "activities, alerts or token")
        }
        let occurrence: Occurrence
        if let probability = json["probability"]?.double {
            occurrence = .probability(probability)
        } else if json["always"]?.bool == true {
            occurrence = .always
        } else {
            occurrence = .next(Int(clamping: json["next"]?.integer ?? 1))
        }
        self.init(fault, on: Set(targets), occurrence)
    }
}

extension Fault {
    init(_ json: JSONValue) throws(FieldError) {
        let seconds = json["seconds"]?.double
        switch json["fault"]?.string {
        case "throttled":
            if let seconds = json["retry_after"]?.integer {
                let isDate = json["date"]?.bool == true
                let wait = Int(clamping: seconds)
                self = .throttled(isDate ? .date(afterSeconds: wait) : .seconds(wait))
            } else {
                self = .throttled(.absent)
            }
        case "status": self = .status(Int(clamping: json["code"]?.integer ?? 503))
        case "unauthorized": self = .unauthorized
        case "unlicensed": self = .unlicensed
        case "reset": self = .reset
        case "hangUp": self = .hangUp
        case "truncated": self = .truncated(json["how"]?.string.flatMap(Truncation.init) ?? .declared)
        case "notJSON": self = .notJSON
        case "htmlPage": self = .htmlPage
        case "slow": self = .slow(seconds: seconds ?? 5)
        case "stall": self = .stall(seconds: seconds ?? 5)
        case "emptyPageWithNext": self = .emptyPageWithNext
        case "missingNextFilters": self = .missingNextFilters
        case "descending": self = .descending
        case "samePage": self = .samePage
        case "shortPage": self = .shortPage
        case "longPage": self = .longPage
        case "bloated": self = .bloated(bytesPerRecord: Int(clamping: json["bytes"]?.integer ?? 100_000))
        case "recordWithoutID": self = .recordWithoutID
        case "oddTypes": self = .oddTypes
        case "invalidUTF8": self = .invalidUTF8
        default: throw FieldError(field: "fault", message: "Unknown fault")
        }
    }
}

/// The active rules; the first rule that applies to a request is used.
struct FaultPlan: Sendable {
    private(set) var rules: [FaultRule]
    private var dice: Dice

    init(_ rules: [FaultRule], seed: UInt64) {
        self.rules = rules
        dice = Dice(seed: seed, purpose: 9)
    }

    mutating func add(_ rule: FaultRule) {
        rules.append(rule)
    }

    mutating func clear() {
        rules = []
    }

    /// The fault for this request, if any.
    mutating func strike(_ target: RequestTarget, isList: Bool) -> Fault? {
        for index in rules.indices {
            let rule = rules[index]
            guard rule.targets.contains(target), isList || !rule.fault.concernsPages else { continue }
            switch rule.occurrence {
            case .always:
                return rule.fault
            case .next(let count):
                if count <= 1 {
                    rules.remove(at: index)
                } else {
                    rules[index].occurrence = .next(count - 1)
                }
                return rule.fault
            case .probability(let probability):
                if dice.chance(probability) { return rule.fault }
            }
        }
        return nil
    }
}

/// A fault of a response.
package enum Fault: Sendable, Equatable {
    /// 429, with or without a `Retry-After`.
    case throttled(RetryAfter)
    /// Any status with an HTML body, as sent by gateways.
    case status(Int)
    /// A response for an invalid token, regardless of the token sent.
    case unauthorized
    /// 403 for a tenant without a licence.
    ///
    /// The portal's actual response is not published; the text is an assumption.
    case unlicensed
    /// The connection is reset in the middle of the body.
    case reset
    /// The connection is closed without an answer.
    case hangUp
    /// Half of the body arrives.
    case truncated(Truncation)
    /// 200 and JSON's content type, but no JSON.
    case notJSON
    /// 200 and an HTML page.
    case htmlPage
    /// The response starts only after this many seconds of real time.
    case slow(seconds: Double)
    /// The body pauses halfway for this many seconds of real time.
    case stall(seconds: Double)
    /// No records, yet `hasNext` is true.
    case emptyPageWithNext
    /// `hasNext` is true, and a scan's `nextQueryFilters` are missing.
    case missingNextFilters
    /// Newest first, regardless of the request.
    case descending
    /// The stream's previous page again.
    case samePage
    /// Half of the records that the limit allows.
    case shortPage
    /// Twice the records that the limit allows.
    case longPage
    /// Every record of the page grows by this many bytes.
    case bloated(bytesPerRecord: Int)
    /// One record of the page lacks its `_id`.
    case recordWithoutID
    /// One record of the page has a number as `_id` and a string as `timestamp`.
    case oddTypes
    /// One record of the page contains bytes that are not valid UTF-8.
    case invalidUTF8

    /// How a 429 specifies when to retry.
    package enum RetryAfter: Sendable, Equatable {
        case absent
        case seconds(Int)
        case date(afterSeconds: Int)
    }

    /// How half a body is sent.
    package enum Truncation: String, Sendable {
        /// `Content-Length` announces the whole body, then the connection closes.
        case declared
        /// Chunks without the last one, then the connection closes.
        case chunked
        /// Neither length nor chunks: the end of the connection ends the body.
        case unmarked
        /// `Content-Length` matches the half, so that only the JSON is cut.
        case consistent
    }

    /// True if the fault affects the records of a list.
    var concernsPages: Bool {
        switch self {
        case .emptyPageWithNext, .missingNextFilters, .descending, .samePage, .shortPage, .longPage, .bloated,
            .recordWithoutID, .oddTypes, .invalidUTF8:
            true
        default: false
        }
    }

    /// True if the client cannot have read the page's records.
    var spoilsPage: Bool {
        switch self {
        case .reset, .truncated, .notJSON, .htmlPage: true
        default: false
        }
    }
}
