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
