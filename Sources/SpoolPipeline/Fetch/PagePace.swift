import SpoolCore

/// How the next request of a reading is to be made: how many records it asks for, and after which pause.
struct PagePace: Sendable {
    var limit: PageLimit
    private var trouble = FetchTrouble()

    init(stream: SourceStream) { limit = PageLimit(most: stream.pageLimit) }

    /// Notes a fault, and says how long to pause.
    mutating func failed(_ fault: SourceFault, chance: Double) -> Duration {
        switch fault.kind {
        case .tooLarge: limit.wasTooLarge()
        case .incomplete: limit.wasCutOff()
        default: break
        }
        return trouble.note(fault, chance: chance)
    }

    /// Notes an answer.
    ///
    /// - Returns: true when the trouble is over.
    mutating func answered(endsScan: Bool) -> Bool { trouble.answered(endsScan: endsScan) }
}
