import Foundation
import SpoolConfig
import SpoolCore
import SpoolStore

/// Describes the forecast of the spool's size to the operator.
struct RoomWords {
    /// A limit that is reached within this many days is a problem.
    private static let notice = 7.0

    let finding: Finding

    init(_ forecast: GrowthForecast, _ growth: SpoolGrowth, _ settings: SpoolSettings, free: Int64) {
        let low = SpoolOptions().fitted(toDiskOf: settings.path).lowDiskBytes
        let rate =
            "\(ByteSize.text(growth.inUse)) in use of max_size \(ByteSize.text(settings.maxSize)), "
            + "\(ByteSize.text(free)) free on the disk; \(Count.text(growth.lastDay, "event")) in the last "
            + "day, about \(ByteSize.text(forecast.bytesPerDay)) per day"
        let verdict: Finding.Verdict
        let future: String
        var remedy: String?
        if free < low {
            verdict = .problem
            future = "; below \(ByteSize.text(low)) free, fetching pauses"
            remedy = "Free space on the disk of \(settings.path); fetching resumes automatically."
        } else if let days = forecast.days, let limit = forecast.limit {
            verdict = days < Self.notice ? .problem : .warning
            future =
                "; at this rate \(limit == .disk ? "the disk is full" : "max_size is reached") in "
                + "\(Self.text(days)), and \(Age.text(settings.retentionAge)) of events would need "
                + "\(ByteSize.text(forecast.steady))"
            remedy =
                limit == .disk
                ? "Move the spool to a larger disk, or lower `retention.age`."
                : "Raise `retention.max_size`, or lower `retention.age`: at 80 %, events that are settled "
                    + "everywhere are deleted early; at 100 %, fetching stops."
        } else {
            verdict = .ok
            future =
                "; with `retention.age` \(Age.text(settings.retentionAge)) it levels off at about "
                + ByteSize.text(forecast.steady)
        }
        finding = Finding(
            SpoolChecks.subject,
            "room",
            verdict,
            did: "compared the last day's growth with max_size and the disk",
            found: rate + future,
            remedy: remedy
        )
    }

    private static func text(_ days: Double) -> String {
        days < 1 ? "less than a day" : "\(Int(days)) days"
    }
}
