/// Which requests a fault befalls.
package struct FaultRule: Sendable {
    /// How often it strikes.
    package enum Occurrence: Sendable, Equatable {
        case always
        case next(Int)
        case probability(Double)
    }

    /// What goes wrong.
    package var fault: Fault
    /// The requests it may strike.
    package var targets: Set<RequestTarget>
    /// How often it does.
    package var occurrence: Occurrence

    /// Strikes lists and records of both streams unless other targets are named.
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

/// What a request is about.
package enum RequestTarget: String, Sendable, Hashable, CaseIterable {
    case activities
    case alerts
    /// The login authority.
    case token

    var stream: PortalStream? {
        PortalStream(rawValue: rawValue)
    }
}
