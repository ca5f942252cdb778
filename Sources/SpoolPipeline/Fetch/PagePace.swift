import SpoolCore

/// How the next request of a reading is to be made: how many records it asks for, and after which pause.
struct PagePace: Sendable {
    var limit: PageLimit
    private var trouble = FetchTrouble()

    init(stream: SourceStream) { limit = PageLimit(most: stream.pageLimit) }

    /// Notes a fault, and says how long to pause.
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
    /// - Returns: true when the trouble is over.
    mutating func answered(_ reason: Scan.Reason, endsScan: Bool) -> Bool {
        trouble.answered(reason, endsScan: endsScan)
    }

    /// True when a scan has to begin again after this fault; asked before the fault is noted.
    func beginsAgain(_ scan: Scan, after fault: SourceFault) -> Bool {
        trouble.beginsAgain(scan, after: fault)
    }
}
