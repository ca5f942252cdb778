/// Detects a cycle of any length in a source's continuation tokens, in the memory of one token.
///
/// Source: Richard P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980, section 2. The
/// token that is compared with is replaced after 1, 2, 4 … steps, so that it is eventually in the cycle and
/// at least one cycle length back. A token that is read again with an offset, because one millisecond fills a
/// page, does not count as a new token.
struct PlaceTrail: Codable, Equatable, Sendable {
    /// The token that is compared with; nil before the first.
    private var mark: String?
    /// The steps since it was set, and the number of steps after which the next one is set.
    private var steps = 0
    private var reach = 1

    /// Adds the next token.
    ///
    /// - Returns: False when it closes a cycle.
    mutating func add(_ place: String) -> Bool {
        let key = ContentHash.hex(place.utf8, digits: 32)
        if key == mark { return false }
        steps += 1
        if steps >= reach || mark == nil { (mark, steps, reach) = (key, 0, reach * 2) }
        return true
    }
}
