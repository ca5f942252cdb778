import SpoolCore

/// A record's time: milliseconds since 1970, up to the end of the year 9999, the last one in RFC 3339.
struct RecordTime {
    /// The time as received, in milliseconds: the source can be queried by it.
    let told: Timestamp
    /// The actual time.
    let timestamp: Timestamp

    /// Values that are seconds by mistake: as seconds they are from 2001 on, as milliseconds before March
    /// 1973, which is before any event of a cloud service.
    private static let seconds = Int64(1_000_000_000)..<100_000_000_000

    init?(_ milliseconds: Int64) {
        guard (0...253_402_300_799_999).contains(milliseconds) else { return nil }
        told = Timestamp(milliseconds: milliseconds)
        timestamp =
            Self.seconds.contains(milliseconds) ? Timestamp(milliseconds: milliseconds * 1_000) : told
    }
}
