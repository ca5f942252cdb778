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
