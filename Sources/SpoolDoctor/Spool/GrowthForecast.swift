import SpoolCore
import SpoolStore

/// Forecasts when the spool or the disk will be full, at the rate of the last day.
struct GrowthForecast: Equatable {
    /// The limit that is reached first.
    enum Limit: Equatable {
        case maxSize, disk
    }

    /// Growth per day in bytes.
    let bytesPerDay: Int64
    /// The spool's size once retention deletes as much as is added.
    let steady: Int64
    /// Days until the limit is reached; nil when retention keeps the spool below both limits.
    let days: Double?
    let limit: Limit?

    /// - Parameters:
    ///   - growth: The events of the last day and their size.
    ///   - retention: How long events are kept.
    ///   - maxSize: `retention.max_size`.
    ///   - free: Free bytes on the disk, in addition to the spool.
    init(_ growth: SpoolGrowth, retention: Duration, maxSize: Int64, free: Int64) {
        // An empty spool has pages, too; a thousand events are enough for a fair average.
        let perEvent = growth.kept >= 1_000 ? Double(growth.inUse) / Double(growth.kept) : 4_096
        let daily = Double(growth.lastDay) * perEvent
        let wanted = daily * Double(retention.milliseconds) / 86_400_000
        let room = [
            (limit: Limit.maxSize, bytes: Double(maxSize)),
            (limit: Limit.disk, bytes: Double(growth.inUse) + Double(free)),
        ].min { $0.bytes < $1.bytes }
        bytesPerDay = Int64(daily)
        steady = Int64(wanted)
        guard let room, daily > 0, wanted > room.bytes else {
            (days, limit) = (nil, nil)
            return
        }
        days = max(0, room.bytes - Double(growth.inUse)) / daily
        limit = room.limit
    }
}
