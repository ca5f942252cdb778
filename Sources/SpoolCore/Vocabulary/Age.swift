/// Durations as people write them: `15s`, `10m`, `48h`, `30d`, `2w`, and `250ms`.
package enum Age {
    /// Reads a whole number followed by its unit; nil for anything else.
    package static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
        return switch text.dropFirst(digits.count) {
        case "ms": .milliseconds(count)
        case "s": .seconds(count)
        case "m": .seconds(count * 60)
        case "h": .seconds(count * 3_600)
        case "d": .seconds(count * 86_400)
        case "w": .seconds(count * 604_800)
        default: nil
        }
    }

    /// Writes a duration in its two largest units: `3d 4h`, `2m 5s`, `640ms`.
    package static func text(_ duration: Duration) -> String {
        let milliseconds = duration.milliseconds
        if milliseconds < 0 { return "-" + text(.milliseconds(Int64(0).saturatingSubtract(milliseconds))) }
        if milliseconds < 1_000 { return "\(milliseconds)ms" }
        let units: [(String, Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
        var seconds = milliseconds / 1_000
        var parts: [String] = []
        for (unit, size) in units where parts.count < 2 {
            if seconds >= size {
                parts.append("\(seconds / size)\(unit)")
                seconds %= size
            } else if !parts.isEmpty {
                break
            }
        }
        return parts.joined(separator: " ")
    }
}

/// A time as people write it: RFC 3339, a date, an age counted back from now, or `now`.
package enum MomentText {
    /// Reads `2026-11-23T04:00Z`, `2026-11-23`, `2h` or `now`; nil for anything else.
    ///
    /// A time without a zone is UTC.
    package static func timestamp(_ text: String, now: Timestamp) -> Timestamp? {
        if text == "now" { return now }
        if let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "Z") { return time }
        return Age.duration(text).map { now - $0 }
    }
}
