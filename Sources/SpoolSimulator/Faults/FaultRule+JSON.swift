extension FaultRule {
    /// Reads a rule like `{"fault": "status", "code": 503, "streams": ["alerts"], "next": 3}`.
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
