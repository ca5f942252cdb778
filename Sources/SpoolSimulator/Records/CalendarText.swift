/// Times as text, without the cost of Foundation's formatters: each record contains several.
struct CalendarText {
    private let year: Int64
    private let month: Int64
    private let day: Int64
    private let weekday: Int64
    private let millisecondOfDay: Int64

    /// Converts days to a civil date, after Howard Hinnant's `civil_from_days`.
    init(milliseconds: Int64) {
        let days = milliseconds.flooredQuotient(by: 86_400_000)
        millisecondOfDay = milliseconds - days * 86_400_000
        weekday = (days + 4) - (days + 4).flooredQuotient(by: 7) * 7
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Like `2026-11-24T07:31:00.000Z`.
    var iso: String {
        "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T\(time)."
            + "\(digits(millisecondOfDay % 1000, 3))Z"
    }

    /// Like `Tue, 24 Nov 2026 07:31:00 GMT`, the IMF-fixdate of RFC 9110 §5.6.7.
    var http: String {
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let name = months[Int(month) - 1]
        return "\(weekdays[Int(weekday)]), \(digits(day, 2)) \(name) \(digits(year, 4)) \(time) GMT"
    }

    private var time: String {
        let seconds = millisecondOfDay / 1000
        return "\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2))"
    }

    private func digits(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
