import SpoolCore

/// Formats numbers, times and durations for the page; times are in UTC.
enum Wording {
    /// 12,345.
    static func number(_ value: Int) -> String { Grouped.text(value) }

    /// "1 event", "12,345 events".
    static func count(_ value: Int, _ noun: String) -> String { Count.text(value, noun) }

    /// The two largest units of a duration: "40 s", "12 min", "2 h 10 min", "3 d 4 h".
    static func length(_ length: Duration) -> String {
        let seconds = max(0, length.milliseconds / 1_000)
        let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        guard let first = units.firstIndex(where: { seconds >= $0.0 }) else { return "0 s" }
        let (size, name) = units[first]
        let whole = "\(seconds / size) \(name)"
        // Seconds after minutes would only flicker.
        guard first < 2 else { return whole }
        let (smaller, smallerName) = units[first + 1]
        let rest = seconds % size / smaller
        return rest == 0 ? whole : "\(whole) \(rest) \(smallerName)"
    }

    /// `14:20` or, with seconds, `14:20:05`; preceded by the date unless it is the date of `now`.
    static func time(_ time: Timestamp, now: Timestamp, seconds: Bool = false) -> String {
        let text = time.description
        let clock = text.dropFirst(11).prefix(seconds ? 8 : 5)
        let date = text.prefix(10)
        return date == now.description.prefix(10) ? String(clock) : "\(date) \(clock)"
    }

    /// `2026-11-28 04:32`: for times that are compared with others, which may be on another day.
    static func date(_ time: Timestamp) -> String {
        let text = time.description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
    }

    /// 1.5 GiB.
    static func bytes(_ bytes: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(max(0, bytes))
        var unit = 0
        while value >= 1_024, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        let isWhole = unit == 0 || value >= 100 || tenths.isMultiple(of: 10)
        return isWhole
            ? "\(Int(value.rounded())) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
