import SpoolCore
import SpoolStore

/// How long the spool has room, at the last day's rate.
struct GrowthForecast: Equatable {
    /// What fills first.
    enum Limit: Equatable {
        case maxSize, disk
    }

    /// Bytes that a day adds.
    let bytesPerDay: Int64
    /// What the spool comes to when retention takes as much as is added.
    let steady: Int64
    /// The days until something is full; nil when retention keeps it below both.
    let days: Double?
    let limit: Limit?

    /// - Parameters:
    ///   - growth: Events of the last day, and what they weigh.
    ///   - retention: Events stay for so long.
    ///   - maxSize: `retention.max_size`.
    ///   - free: Bytes free on the disk, beside the spool.
    init(_ growth: SpoolGrowth, retention: Duration, maxSize: Int64, free: Int64) {
        // An empty spool has pages too; a thousand events are enough for a fair average.
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
