/// How many records the next page requests: the source's maximum, or fewer while answers are truncated.
package struct PageLimit: Sendable, Equatable {
    private let most: Int
    /// The limit of the next request.
    package private(set) var current: Int
    private var cutOff = 0
    private var whole = 0

    package init(most: Int) {
        self.most = most
        current = most
    }

    /// A page was complete; after eight complete pages the limit grows by half.
    package mutating func cameWhole() {
        cutOff = 0
        guard current < most else { return }
        whole += 1
        guard whole >= 8 else { return }
        whole = 0
        current = min(most, current + max(1, current / 2))
    }

    /// The body exceeded the size limit; this halves the page limit.
    package mutating func wasTooLarge() { halve() }

    /// A timeout or truncation; the second one of the same page halves the limit.
    package mutating func wasCutOff() {
        cutOff += 1
        if cutOff >= 2 { halve() }
    }

    private mutating func halve() {
        cutOff = 0
        whole = 0
        current = max(1, current / 2)
    }
}
