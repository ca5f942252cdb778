package import SpoolCore

/// The header `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
package enum RetryAfter {
    /// The longest wait that is believed: a date read against a wrong clock would stop everything for days.
    package static let longest = Duration.minutes(15)

    /// The wait it asks for, between one second and `longest`; nil when it says nothing of use.
    ///
    /// A date counts from the answer's own `Date`, so that no clock but the sender's is asked.
    package static func wait(_ text: String?, date: Timestamp?) -> Duration? {
        guard let text else { return nil }
        let wait: Duration
        if let seconds = Int64(text), seconds >= 0 {
            wait = .seconds(min(seconds, 86_400))
        } else if let time = HTTPDate.timestamp(text), let date {
            wait = time.since(date)
        } else {
            return nil
        }
        return min(max(wait, .seconds(1)), longest)
    }
}
