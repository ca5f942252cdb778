/// A decision and the fault of its response.
struct FaultyOutcome: Sendable {
    let outcome: PortalDecision.Outcome
    let fault: Fault?
    let now: Int64

    /// The status for the log; 0 if no response is sent.
    var status: Int {
        guard case .done(let answer) = outcome else { return 200 }
        return answer.delivery == .hangUp ? 0 : answer.status
    }

    var records: Int {
        switch outcome {
        case .done: 0
        case .page(let page): page.count
        case .record: 1
        }
    }

    /// Encodes the response; needs no lock.
    func answer() -> Answer {
        let answer: Answer
        switch outcome {
        case .done(let done):
            // A response that replaces the page contains its fault already.
            return fault?.replacesAnswer == true ? done : fault.map { done.suffering($0, now: now) } ?? done
        case .page(let page):
            answer = Answer(200, json: page.bytes())
        case .record(let copy):
            var writer = JSONWriter()
            copy.write(to: &writer)
            answer = Answer(200, json: writer.bytes)
        }
        return fault.map { answer.suffering($0, now: now) } ?? answer
    }
}

extension Fault {
    /// True if the request is answered with an error instead.
    var replacesAnswer: Bool {
        switch self {
        case .throttled, .status, .unauthorized, .unlicensed, .hangUp: true
        default: false
        }
    }
}

extension Answer {
    /// The response that a fault sends instead of the correct one.
    init?(instead fault: Fault, now: Int64) {
        switch fault {
        case .throttled(let retryAfter):
            self =
                switch retryAfter {
                case .absent: .throttled(seconds: 41, retryAfter, now: now)
                case .seconds(let seconds), .date(let seconds):
                    .throttled(seconds: seconds, retryAfter, now: now)
                }
        case .status(let code):
            let names = [
                500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
                504: "Gateway Timeout",
            ]
            self.init(code, html: names[code] ?? "Error \(code)")
        case .unauthorized:
            self = .detail(401, "Invalid token")
        case .unlicensed:
            self = .detail(403, "The tenant does not have a valid license for this product")
        case .hangUp:
            self.init(200, json: [])
            delivery = .hangUp
        default:
            return nil
        }
    }

    /// This response with the fault applied.
    func suffering(_ fault: Fault, now: Int64) -> Answer {
        if let instead = Answer(instead: fault, now: now) { return instead }
        var answer = self
        switch fault {
        case .reset: answer.delivery = .reset
        case .truncated(let how): answer.delivery = .truncated(how)
        case .slow(let seconds): answer.delaySeconds = seconds
        case .stall(let seconds): answer.delivery = .stall(seconds: seconds)
        case .notJSON: answer = Answer(200, json: Array("upstream connect error or disconnect".utf8))
        case .htmlPage: answer = Answer(200, html: "We are working on it")
        default: break
        }
        return answer
    }
}

/// Modifies the text of one record according to a fault.
struct RecordSpoiler {
    let fault: Fault

    func spoil(_ raw: [UInt8]) -> [UInt8] {
        switch fault {
        case .recordWithoutID:
            return replacing("\"_id\":", by: "\"_was\":", in: raw)
        case .oddTypes:
            let renamed = replacing("\"_id\":", by: "\"_id\":4711,\"_was\":", in: raw)
            return replacing("\"timestamp\":", by: "\"timestamp\":\"yesterday\",\"_then\":", in: renamed)
        case .invalidUTF8:
            // A lone continuation byte and an overlong slash.
            return Array("{\"broken\":\"".utf8) + [0x80, 0xC0, 0xAF] + Array("\",".utf8) + raw.dropFirst()
        case .bloated(let count):
            let padding = [UInt8](repeating: UInt8(ascii: "x"), count: max(0, count - 14))
            return Array("{\"padding\":\"".utf8) + padding + Array("\",".utf8) + raw.dropFirst()
        default:
            return raw
        }
    }

    private func replacing(_ pattern: String, by replacement: String, in raw: [UInt8]) -> [UInt8] {
        guard let range = raw.firstRange(of: Array(pattern.utf8)) else { return raw }
        return Array(raw[..<range.lowerBound]) + Array(replacement.utf8) + Array(raw[range.upperBound...])
    }
}
