package import SpoolCore

/// Decides which time of a source is believed.
///
/// Cursors, windows and retention go by the source's own time, so that a `Date` far ahead would let them pass what
/// has not been read yet. Whatever is not believed is replaced by a smaller time: scans then begin earlier, and
/// nothing is skipped. The local clock is a witness, never the time itself, but where there is nothing else.
package struct SourceClock: Sendable, Equatable {
    /// A `Date` up to this much ahead of the local clock is believed.
    static let agreement = Duration.minutes(5)
    /// A `Date` up to this much ahead of where the time believed last has run to is believed.
    static let drift = Duration.minutes(2)
    /// Further ahead of the local clock than this nothing new is believed, however long it is said.
    static let farthest = Duration.days(1)
    /// What only the source says is believed after it has said so for this long, without an answer between that says
    /// something else.
    static let persistence = Duration.hours(1)
    /// Answers further apart than this say nothing of the time between them.
    static let silence = Duration.minutes(15)

    /// Why a `Date` is not believed.
    package struct Doubt: Sendable, Equatable, CustomStringConvertible {
        /// How far the first `Date` that was not believed lies ahead of the local clock.
        package let ahead: Duration

        package var description: String {
            "the source's answers are dated \(Age.text(ahead)) ahead of this machine's clock, and are not believed: "
                + "records are read from an earlier time on, so that none is missed; set the clock of this machine "
                + "(NTP), or find what dates the answers wrongly, such as a proxy on the way"
        }
    }

    private struct Reading: Sendable, Equatable {
        var date: Timestamp
        var at: Duration

        func time(at elapsed: Duration) -> Timestamp { date + (elapsed - at) }
    }

    /// The time believed last.
    private var believed: Reading?
    /// What the source says instead, as it said it last, and since when.
    private var claim: Reading?
    private var claimedSince = Duration.zero
    /// Set while the source's last `Date` is not believed.
    package private(set) var doubt: Doubt?

    package init() {}

    /// Hears the `Date` of an answer.
    ///
    /// - Parameters:
    ///   - date: what the answer says.
    ///   - wall: the local clock.
    ///   - elapsed: the monotonic clock.
    /// - Returns: the time to go by.
    package mutating func hear(_ date: Timestamp, wall: Timestamp, elapsed: Duration) -> Timestamp {
        let expected = believed?.time(at: elapsed)
        if isBelieved(date, expected: expected, wall: wall, elapsed: elapsed) {
            believed = Reading(date: date, at: elapsed)
            (claim, doubt) = (nil, nil)
            return date
        }
        if !agrees(date, elapsed: elapsed) { claimedSince = elapsed }
        claim = Reading(date: date, at: elapsed)
        doubt = doubt ?? Doubt(ahead: date.since(wall))
        let taken = min(expected ?? wall, date)
        believed = believed ?? Reading(date: taken, at: elapsed)
        return taken
    }

    private func isBelieved(_ date: Timestamp, expected: Timestamp?, wall: Timestamp, elapsed: Duration)
        -> Bool
    {
        let ahead = date.since(wall)
        if ahead <= Self.agreement { return true }
        if ahead > Self.farthest { return false }
        if let expected, date.since(expected) <= Self.drift { return true }
        return agrees(date, elapsed: elapsed) && elapsed - claimedSince >= Self.persistence
    }

    /// True when the source has gone on saying what it says now.
    private func agrees(_ date: Timestamp, elapsed: Duration) -> Bool {
        guard let claim, elapsed - claim.at <= Self.silence else { return false }
        let difference = date.since(claim.time(at: elapsed))
        return difference <= Self.drift && difference >= .zero - Self.drift
    }
}
