import SpoolCore

/// Limits for the values of a request, checked after decoding: any client of the socket can send any number.
enum CommandBounds {
    /// The years 1970 to 9999, which RFC 3339 can write.
    static let times = Timestamp(milliseconds: 0)...Timestamp(milliseconds: 253_402_300_799_999)
    /// Bytes of a name, an id or a destination.
    static let text = 4_096
    /// Events of one request.
    static let events = 500_000
    /// Names of one request.
    static let names = 1_000
    /// Events per second.
    static let rates = 1...1_000_000

    static func problem(_ window: (from: Timestamp, to: Timestamp)) -> String? {
        guard times.contains(window.from), times.contains(window.to) else {
            return "The window is outside the years 1970 to 9999."
        }
        return nil
    }

    static func problem(_ text: String, _ what: String) -> String? {
        guard text.utf8.count <= Self.text, !text.utf8.contains(0) else {
            return "The \(what) is longer than \(Self.text) bytes or contains a NUL byte."
        }
        return nil
    }

    static func problem(_ names: [String]?, _ what: String) -> String? {
        guard let names else { return nil }
        guard names.count <= Self.names else {
            return "\(what) contains more than \(Self.names) names."
        }
        return names.lazy.compactMap { problem($0, "name in \(what)") }.first
    }

    static func problem(_ id: Int64, _ what: String) -> String? {
        id > 0 && id < .max ? nil : "There is no \(what) \(id)."
    }

    static func problem(_ events: [Seq]) -> String? {
        guard events.count <= Self.events else {
            return "There are more than \(Self.events) events in one request; split it."
        }
        return events.lazy.compactMap { problem($0.value, "event") }.first
    }

    static func problem(_ request: ReplayRequest) -> String? {
        if let rate = request.rate, !rates.contains(rate) {
            return "The rate must be from \(rates.lowerBound) to \(rates.upperBound) events per second."
        }
        return problem((request.from, request.to)) ?? problem(request.sink.text, "name of the sink")
            ?? problem(request.destination ?? "", "destination")
            ?? problem(request.streams?.map(\.description), "`streams`")
    }
}

extension EstimateReplay {
    package var problem: String? { CommandBounds.problem(request) }
}

extension CreateReplay {
    package var problem: String? { CommandBounds.problem(request) }
}

extension ListReplays {
    package var problem: String? { CommandBounds.problem(sink?.text ?? "", "name of the sink") }
}

extension RetryNow {
    package var problem: String? { CommandBounds.problem(sink?.text ?? "", "name of the sink") }
}

extension MoveReplay {
    package var problem: String? { CommandBounds.problem(replay.value, "replay") }
}

extension RemoveReplay {
    package var problem: String? { CommandBounds.problem(replay.value, "replay") }
}

extension RequeueDeadLetters {
    package var problem: String? {
        CommandBounds.problem(events) ?? CommandBounds.problem(sink.text, "name of the sink")
    }
}

extension DismissDeadLetters {
    package var problem: String? {
        CommandBounds.problem(events) ?? CommandBounds.problem(sink.text, "name of the sink")
    }
}

extension Forget {
    package var problem: String? { CommandBounds.problem(name, "name") }
}

extension BackUp {
    package var problem: String? { CommandBounds.problem(file, "path") }
}

extension TraceAtSource {
    package var problem: String? { CommandBounds.problem(id, "id") }
}

extension StartVerify {
    package var problem: String? {
        CommandBounds.problem((request.from, request.to))
            ?? CommandBounds.problem(request.streams, "`streams`")
            ?? CommandBounds.problem(request.sinks, "`sinks`")
    }
}

extension ShowProof {
    package var problem: String? { CommandBounds.problem(proof, "proof") }
}

extension CancelVerify {
    package var problem: String? { CommandBounds.problem(proof, "proof") }
}
