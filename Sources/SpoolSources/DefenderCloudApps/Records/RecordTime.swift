import SpoolCore

/// A record's time: milliseconds since 1970, up to the end of the year 9999, the last RFC 3339 can write.
struct RecordTime {
    let timestamp: Timestamp

    init?(_ milliseconds: Int64) {
        guard (0...253_402_300_799_999).contains(milliseconds) else { return nil }
        timestamp = Timestamp(milliseconds: milliseconds)
    }
}
