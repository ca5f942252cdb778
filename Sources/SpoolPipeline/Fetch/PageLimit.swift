/// How many records the next page asks for: as many as the source gives, fewer while answers come cut off.
package struct PageLimit: Sendable, Equatable {
    private let most: Int
    /// What the next request asks for.
    package private(set) var current: Int
    private var cutOff = 0
    private var whole = 0

    package init(most: Int) {
        self.most = most
        current = most
    }

    /// A page came whole: after eight of them the limit grows again, by half.
    package mutating func cameWhole() {
        cutOff = 0
        guard current < most else { return }
        whole += 1
        guard whole >= 8 else { return }
        whole = 0
        current = min(most, current + max(1, current / 2))
    }

    /// The body passed the cap: the next request asks for half.
    package mutating func wasTooLarge() { halve() }

    /// A time-out or truncation; the second one of the same page halves the limit.
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
