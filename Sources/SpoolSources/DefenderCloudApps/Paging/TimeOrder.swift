/// The order of records by time, as found, not as asked for.
///
/// One public integration reports descending answers to a request for ascending ones.
enum TimeOrder: String, Codable, Sendable {
    case ascending, descending

    /// What a page's times show.
    enum Found: Equatable {
        /// One order, and how many steps between two times have shown it.
        case order(TimeOrder, steps: Int)
        /// All times are the same.
        case still
        case mixed
    }

    /// The order of `times`, seen together with the record before them.
    static func find(in times: [Int64], after anchor: Int64?) -> Found {
        var rises = 0
        var falls = 0
        var last = anchor ?? times.first ?? 0
        for time in times {
            if time > last { rises += 1 }
            if time < last { falls += 1 }
            last = time
        }
        if rises > 0 && falls > 0 { return .mixed }
        if rises > 0 { return .order(.ascending, steps: rises) }
        return falls > 0 ? .order(.descending, steps: falls) : .still
    }
}

/// The order that the pages of a scan have shown so far, and whether it may be relied on.
struct OrderEvidence: Codable, Equatable, Sendable {
    /// Steps in one direction that make an order: by chance one page in 362,880 shows so many.
    static let enough = 8

    var order: TimeOrder
    var steps: Int

    /// True when the window may be narrowed by it.
    ///
    /// Before an offset comes to its end, what is known has to do.
    func isReliable(offset: Int) -> Bool {
        steps >= Self.enough || offset >= DefenderRequest.offsetLimit - 1_000
    }

    /// The evidence after a page that shows `order`; nil when the page contradicts what came before.
    static func adding(_ order: TimeOrder, steps: Int, to known: OrderEvidence?) -> OrderEvidence? {
        guard let known, known.order != order else {
            return OrderEvidence(order: order, steps: min(steps + (known?.steps ?? 0), enough))
        }
        // A whole page in the other direction is true in itself.
        return steps >= enough ? OrderEvidence(order: order, steps: enough) : nil
    }
}
