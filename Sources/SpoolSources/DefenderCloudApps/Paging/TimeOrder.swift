/// The order of a page's records by time, as found, not as asked for.
///
/// One public integration reports descending answers to a request for ascending ones.
enum TimeOrder: String, Codable, Sendable {
    case ascending, descending

    /// What a page's times show.
    enum Found: Equatable {
        case order(TimeOrder)
        /// All the same, and nothing known from before.
        case unknown
        case mixed
    }

    /// The order of `times`, seen together with the record before them (`anchor`) and what is known already.
    static func find(in times: [Int64], after anchor: Int64?, known: TimeOrder?) -> Found {
        var rises = false
        var falls = false
        var last = anchor ?? times.first ?? 0
        for time in times {
            rises = rises || time > last
            falls = falls || time < last
            last = time
        }
        return switch (rises, falls) {
        case (true, true): .mixed
        case (true, false): .order(.ascending)
        case (false, true): .order(.descending)
        case (false, false): known.map { .order($0) } ?? .unknown
        }
    }
}
