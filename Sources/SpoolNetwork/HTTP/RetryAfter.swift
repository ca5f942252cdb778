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

/// The dates of HTTP headers (RFC 9110 §5.6.7), in all three forms, including the two obsolete ones.
package enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads a header's value; nil when it is not a date.
    package static func timestamp(_ text: String) -> Timestamp? {
        let parts = text.split { $0 == " " || $0 == "," || $0 == "-" }
        let date: CalendarDate? =
            switch parts.count {
            // Sun, 06 Nov 1994 08:49:37 GMT and Sunday, 06-Nov-94 08:49:37 GMT
            case 6 where parts[5] == "GMT":
                read(day: parts[1], month: parts[2], year: parts[3], time: parts[4])
            // Sun Nov  6 08:49:37 1994
            case 5: read(day: parts[2], month: parts[1], year: parts[4], time: parts[3])
            default: nil
            }
        guard let date, date.exists else { return nil }
        return date.timestamp
    }

    private static func read(
        day: Substring,
        month: Substring,
        year: Substring,
        time: Substring
    ) -> CalendarDate? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard let day = Int(day), let month = months.firstIndex(of: String(month)), let number = Int(year),
            clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2]
        else { return nil }
        // Two digits: RFC 9110 requires a year that is at most 50 years ahead, which 1970 to 2069 satisfies.
        let fullYear = year.count == 2 ? number + (number < 70 ? 2_000 : 1_900) : number
        // The calendar used here has no leap seconds.
        return CalendarDate(
            year: fullYear,
            month: month + 1,
            day: day,
            hour: hour,
            minute: minute,
            second: min(second, 59)
        )
    }
}
