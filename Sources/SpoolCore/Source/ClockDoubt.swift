/// That the times of a source's answers lie too far ahead of the local clock, so that one of both is wrong.
package struct ClockDoubt: Sendable, Equatable, CustomStringConvertible {
    /// The source's time as its last answer had it.
    package let claimed: Timestamp
    /// True when records, or the time before, confirm the source's time: then the local clock is the wrong one.
    package let isBelieved: Bool
    /// What differs, and what to do; the same words for as long as the doubt lasts.
    package let description: String

    package init(claimed: Timestamp, isBelieved: Bool, description: String) {
        self.claimed = claimed
        self.isBelieved = isBelieved
        self.description = description
    }
}
