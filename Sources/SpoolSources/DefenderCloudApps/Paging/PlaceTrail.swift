/// Finds out a circle among the places that a source names, of any length, in the memory of one of them.
///
/// Source: Richard P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980, section 2: the place that
/// is compared with is moved up after 1, 2, 4 … steps, so that it lies in the circle and is as far back as the circle is
/// long, at last. A place read twice on the way, as where one millisecond fills a page, is passed by an offset
/// and is none that the source names anew.
struct PlaceTrail: Codable, Equatable, Sendable {
    /// The place that is compared with; nil before the first.
    private var mark: String?
    /// Steps since it was marked, and after how many the next one is.
    private var steps = 0
    private var reach = 1

    /// Adds the next place.
    ///
    /// - Returns: false when it closes a circle.
    mutating func add(_ place: String) -> Bool {
        let key = ContentHash.hex(place.utf8, digits: 32)
        if key == mark { return false }
        steps += 1
        if steps >= reach || mark == nil { (mark, steps, reach) = (key, 0, reach * 2) }
        return true
    }
}
