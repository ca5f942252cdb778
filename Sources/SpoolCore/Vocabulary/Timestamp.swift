/// A point in time: integer milliseconds since 1970-01-01T00:00:00Z, as in every column ending `_ms`.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    package let milliseconds: Int64

    @inlinable
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    @inlinable
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The time `duration` later, to the millisecond; limited to the first and last possible time.
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds.saturatingAdd(duration.milliseconds))
    }

    /// The time `duration` earlier, to the millisecond; limited to the first and last possible time.
    package static func - (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: time.milliseconds.saturatingSubtract(duration.milliseconds))
    }

    /// The duration from `earlier` to this time; negative when `earlier` is later.
    ///
    /// Limited to `Int64` milliseconds.
    package func since(_ earlier: Timestamp) -> Duration {
        .milliseconds(milliseconds.saturatingSubtract(earlier.milliseconds))
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; limited to the range of `Int64`.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.saturatingMultiply(by: 1_000).saturatingAdd(attoseconds / 1_000_000_000_000_000)
    }

    /// A whole number of days of 24 hours.
    package static func days(_ count: Int) -> Duration { .seconds(86_400 * count) }

    /// A whole number of hours.
    package static func hours(_ count: Int) -> Duration { .seconds(3_600 * count) }

    /// A whole number of minutes.
    package static func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
}

/// Arithmetic on numbers from outside: the result is limited to the type's range, where `+` would crash the
/// process.
extension FixedWidthInteger {
    package func saturatingAdd(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    package func saturatingSubtract(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }

    package func saturatingMultiply(by other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T22:14:15.003Z`.
    package var description: String {
        let date = CalendarDate(self)
        return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
            + padded(date.hour, 2) + ":" + padded(date.minute, 2) + ":" + padded(date.second, 2) + "."
            + padded(date.millisecond, 3) + "Z"
    }

    /// Reads RFC 3339 or a bare date, which is its midnight in UTC; nil for anything else.
    ///
    /// Date and time are separated by `T` or a space, any offset is accepted, and digits beyond milliseconds
    /// are dropped.
    package init?(rfc3339 text: String) {
        var rest = Substring(text)
        guard let year = rest.takeNumber(digits: 4), rest.take("-"), let month = rest.takeNumber(digits: 2),
            rest.take("-"), let day = rest.takeNumber(digits: 2)
        else { return nil }
        var date = CalendarDate(year: year, month: month, day: day)
        if rest.isEmpty {
            guard date.exists else { return nil }
            self = date.timestamp
            return
        }
        guard rest.take("T") || rest.take("t") || rest.take(" "), let hour = rest.takeNumber(digits: 2),
            rest.take(":"), let minute = rest.takeNumber(digits: 2)
        else { return nil }
        (date.hour, date.minute) = (hour, minute)
        if rest.take(":") {
            guard let second = rest.takeNumber(digits: 2) else { return nil }
            date.second = second
            if rest.take(".") {
                guard let millisecond = rest.takeFraction() else { return nil }
                date.millisecond = millisecond
            }
        }
        guard date.exists, let offset = rest.takeOffset(), rest.isEmpty else { return nil }
        self = date.timestamp - .seconds(offset)
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Substring {
    fileprivate mutating func take(_ character: Character) -> Bool {
        guard first == character else { return false }
        removeFirst()
        return true
    }

    fileprivate mutating func takeNumber(digits: Int) -> Int? {
        let head = prefix(digits)
        guard head.count == digits, head.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        removeFirst(digits)
        return Int(head)
    }

    fileprivate mutating func takeFraction() -> Int? {
        let digits = prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { return nil }
        removeFirst(digits.count)
        return Int((digits + "00").prefix(3))
    }

    /// Seconds east of UTC.
    fileprivate mutating func takeOffset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = takeNumber(digits: 2), take(":"), let minutes = takeNumber(digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}

/// A UTC date and time of day in the proleptic Gregorian calendar, for reading and writing RFC 3339.
package struct CalendarDate: Hashable, Sendable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var millisecond: Int

    /// Converts a time.
    ///
    /// Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    package init(_ time: Timestamp) {
        let day = time.milliseconds.flooredQuotient(by: 86_400_000)
        // For the earliest times the product is below `Int64.min`; the difference is in range again.
        let rest = Int(time.milliseconds &- day &* 86_400_000)
        let shifted = Int(day) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1_000 % 60
        millisecond = rest % 1_000
    }

    package init(
        year: Int,
        month: Int,
        day: Int,
        hour: Int = 0,
        minute: Int = 0,
        second: Int = 0,
        millisecond: Int = 0
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.millisecond = millisecond
    }

    /// True when every part is in its range, the year in 0 to 9999 (RFC 3339), and the day exists in that
    /// month.
    package var exists: Bool {
        (0...9_999).contains(year) && (1...12).contains(month) && day >= 1
            && day <= Self.days(inMonth: month, of: year)
            && (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second)
            && (0...999).contains(millisecond)
    }

    /// The time of this date; only valid for a date that `exists`, as others may overflow.
    ///
    /// Algorithm: `days_from_civil` of the source named above.
    package var timestamp: Timestamp {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
        return Timestamp(milliseconds: Int64(seconds) * 1_000 + Int64(millisecond))
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// A time range, with its start included and its end excluded.
package struct TimeWindow: Sendable, Codable, Equatable {
    package var from: Timestamp
    package var to: Timestamp

    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    private enum CodingKeys: String, CodingKey {
        case from = "from_ms"
        case to = "to_ms"
    }
}
