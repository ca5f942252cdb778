package import SpoolCore

/// What a fault of the source means for a stream: the word shown, and the pause before the next attempt.
package struct FetchTrouble: Sendable, Equatable {
    private var failures = 0
    private var state: String?

    package init() {}

    /// A request was answered: the next fault is a first one again.
    package mutating func clear() {
        failures = 0
        state = nil
    }

    /// Notes a fault.
    ///
    /// - Returns: the pause before the next attempt, at least what the source asked for.
    package mutating func note(_ fault: SourceFault, chance: Double) -> Duration {
        let word = Self.word(fault.kind)
        failures = word == state ? failures + 1 : 1
        state = word
        switch fault.kind {
        case .throttled(let asked):
            // The wait is usually one minute where the answer does not tell it.
            let least = min(max(asked ?? .seconds(60), .seconds(1)), .seconds(900))
            return least + .seconds(5) * chance
        case .invalidToken, .forbidden, .rejected, .invalidProxy:
            return RetryPolicy.setting.delay(afterFailures: failures, chance: chance)
        case .unreachable, .incomplete, .nonsense:
            return RetryPolicy.link.delay(afterFailures: failures, chance: chance)
        case .tooLarge, .scanLost:
            return failures < 20
                ? .zero : RetryPolicy.link.delay(afterFailures: failures - 19, chance: chance)
        }
    }

    /// The state's word, as `status` shows it; "Invalid token" and "Invalid proxy address" are the old agent's.
    package static func word(_ kind: SourceFault.Kind) -> String {
        switch kind {
        case .throttled: "throttled"
        case .invalidToken: "invalid token"
        case .forbidden: "forbidden"
        case .rejected: "filters refused"
        case .invalidProxy: "invalid proxy address"
        case .unreachable: "unreachable"
        case .incomplete: "incomplete answers"
        case .tooLarge: "answers too large"
        case .nonsense: "unusable answers"
        case .scanLost: "scan lost"
        }
    }
}
