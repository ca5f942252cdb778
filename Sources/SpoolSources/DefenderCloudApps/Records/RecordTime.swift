import SpoolCore

/// A record's time: milliseconds since 1970, up to the end of the year 9999, the last RFC 3339 can write.
struct RecordTime {
    /// As the record tells it, in milliseconds: what the source can be asked by.
    let told: Timestamp
    /// When that was.
    let timestamp: Timestamp

    /// A time in seconds by mistake: from 2001 on as seconds, before March 1973 as milliseconds, when no event of a
    /// cloud service can have happened.
    private static let seconds = Int64(1_000_000_000)..<100_000_000_000

    init?(_ milliseconds: Int64) {
        guard (0...253_402_300_799_999).contains(milliseconds) else { return nil }
        told = Timestamp(milliseconds: milliseconds)
        timestamp =
            Self.seconds.contains(milliseconds) ? Timestamp(milliseconds: milliseconds * 1_000) : told
    }
}
