import SpoolCore

/// What the spool has of a window's time, where that is less than the window asks for.
struct HoldingText {
    let lines: [String]

    init(_ request: ReplayRequest, _ estimate: ReplayEstimate) {
        let isEmpty = estimate.inWindow + estimate.stillToComeLive == 0
        var lines: [String] = []
        for holding in estimate.holdings {
            let reason = Self.reason(holding, request)
            if isEmpty {
                lines.append(Self.held(holding, request.basis))
                if let reason { lines.append("  \(reason)") }
            } else if let reason {
                lines.append("\(holding.name): \(reason)")
            }
        }
        let isBefore = estimate.holdings.contains { Self.beginning($0, request) != nil }
        if isBefore, !request.refetch {
            lines.append(
                "--refetch reads the window from the source first, and brings what the spool does not hold"
            )
        }
        self.lines = lines
    }

    /// "contoso/alerts: the spool holds 12 events, occurred from … to …".
    private static func held(_ holding: ReplayEstimate.Holding, _ basis: ReplayBasis) -> String {
        guard let oldest = holding.oldest, let newest = holding.newest else {
            return "\(holding.name): the spool holds no event"
        }
        return "\(holding.name): the spool holds \(Count.text(holding.events, "event")), "
            + "\(basis.rawValue) from \(oldest) to \(newest)"
    }

    /// What happens appears at the source minutes later: so much behind is no reason for anything.
    private static let usualLag = Duration.minutes(15)

    /// Why a part of the window is not there.
    private static func reason(_ holding: ReplayEstimate.Holding, _ request: ReplayRequest) -> String? {
        if let beginning = beginning(holding, request) { return beginning }
        guard let readTo = holding.readTo, readTo + usualLag < request.to else { return nil }
        return "its source has been read up to \(readTo) so far"
    }

    /// Why it lacks the window's beginning; nil when it does not.
    private static func beginning(_ holding: ReplayEstimate.Holding, _ request: ReplayRequest) -> String? {
        if let pruned = holding.prunedTo, request.from < pruned {
            return "retention has deleted what was saved before \(pruned)"
        }
        if let start = holding.start, request.from < start {
            return "nothing that was saved before \(start) was fetched: the stream begins there"
        }
        // A stream of the spool's own has no source to be asked.
        return nil
    }
}
