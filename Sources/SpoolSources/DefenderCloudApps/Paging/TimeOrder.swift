/// The order of records by time, as received, not as requested.
///
/// A public integration reports descending responses to requests for ascending order.
enum TimeOrder: String, Codable, Sendable {
    case ascending, descending

    /// The result of examining a page's times.
    enum Found: Equatable {
        /// One order, and the number of steps between two times that show it.
        case order(TimeOrder, steps: Int)
        /// All times are equal.
        case still
        case mixed
    }

    /// The order of `times`, including the step from the record before them.
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

/// The order that the pages of a scan have shown so far, and whether it is reliable.
struct OrderEvidence: Codable, Equatable, Sendable {
    /// The number of steps in one direction that prove an order: one page in 362,880 has as many by chance.
    static let enough = 8

    var order: TimeOrder
    var steps: Int

    /// True when the window may be narrowed by this order.
    ///
    /// Before the offset reaches its limit, the known order has to suffice.
    func isReliable(offset: Int) -> Bool {
        steps >= Self.enough || offset >= DefenderRequest.offsetLimit - 1_000
    }

    /// The evidence after a page that shows `order`; nil when the page contradicts the earlier ones.
    static func adding(_ order: TimeOrder, steps: Int, to known: OrderEvidence?) -> OrderEvidence? {
        guard let known, known.order != order else {
            return OrderEvidence(order: order, steps: min(steps + (known?.steps ?? 0), enough))
        }
        // A whole page in the other direction is evidence by itself.
        return steps >= enough ? OrderEvidence(order: order, steps: enough) : nil
    }
}
