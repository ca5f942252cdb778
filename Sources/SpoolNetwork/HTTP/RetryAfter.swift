package import SpoolCore

/// The header `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
package enum RetryAfter {
    /// The longest accepted wait: a date calculated with a wrong clock would stop everything for days.
    package static let longest = Duration.minutes(15)

    /// The requested wait, between one second and `longest`; nil when the header has no usable value.
    ///
    /// A date is compared with the answer's own `Date`, so that only the sender's clock matters.
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
