/// The times of a source's answers are too far ahead of the local clock, so that one of them is wrong.
package struct ClockDoubt: Sendable, Equatable, CustomStringConvertible {
    /// The source's time in its last answer.
    package let claimed: Timestamp
    /// True when records, or the previous time, confirm the source's time: then the local clock is wrong.
    package let isBelieved: Bool
    /// What differs, and what to do; the text does not change while the doubt lasts.
    package let description: String

    package init(claimed: Timestamp, isBelieved: Bool, description: String) {
        self.claimed = claimed
        self.isBelieved = isBelieved
        self.description = description
    }
}
