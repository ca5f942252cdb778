import SpoolCore

/// The page limit of the next request, and the pause before it.
struct PagePace: Sendable {
    var limit: PageLimit
    private var trouble = FetchTrouble()

    init(stream: SourceStream) { limit = PageLimit(most: stream.pageLimit) }

    /// Notes a fault and returns the pause before the next attempt.
    mutating func failed(_ fault: SourceFault, of reason: Scan.Reason, chance: Double) -> Duration {
        switch fault.kind {
        case .tooLarge: limit.wasTooLarge()
        case .incomplete: limit.wasCutOff()
        default: break
        }
        return trouble.note(fault, of: reason, chance: chance)
    }

    /// Notes an answer.
    ///
    /// - Returns: true when the problem is resolved.
    mutating func answered(_ reason: Scan.Reason, endsScan: Bool) -> Bool {
        trouble.answered(reason, endsScan: endsScan)
    }

    /// True when a scan must restart after this fault; to be called before the fault is noted.
    func beginsAgain(_ scan: Scan, after fault: SourceFault) -> Bool {
        trouble.beginsAgain(scan, after: fault)
    }
}
