import Foundation
import SpoolConfig
import SpoolCore
import SpoolStore

/// Examines the spool's file, with or without a running daemon: opens it read-only and without the lock.
struct SpoolChecks {
    static let subject = "spool"
    /// The time limit for checking one table: an open snapshot lets the write-ahead log grow.
    static let timeout = Duration.seconds(1)

    let settings: SpoolSettings
    /// Check every page without a time limit.
    let isThorough: Bool
    let now: @Sendable () -> Timestamp

    func run() async -> [Finding] {
        let path = settings.path
        guard FileManager.default.fileExists(atPath: path) else {
            return [
                Finding(
                    Self.subject,
                    "file",
                    .skipped,
                    did: "looked for \(path)",
                    found: "it does not exist yet",
                    remedy: "`spool run` creates it."
                )
            ]
        }
        do throws(StoreError) {
            let spool = try Spool.openReadOnly(path: path)
            let status = try await spool.status()
            return [
                holder(),
                structure(try await spool.examine(timeout: isThorough ? .hours(24) : Self.timeout)),
            ]
                + [log(status), reserve(), room(status, try await spool.growth())] + standing(status)
        } catch {
            return [
                Finding(
                    Self.subject,
                    "file",
                    .problem,
                    did: "opened \(path) for reading",
                    found: error.description,
                    remedy: nil
                )
            ]
        }
    }

    private func holder() -> Finding {
        let holder = Spool.holder(ofSpoolAt: settings.path)
        return Finding(
            Self.subject,
            "lock",
            holder == nil ? .warning : .ok,
            did: "checked which process holds \(settings.path).lock",
            found: holder.map { "process \($0)" }
                ?? "no process: no daemon is running, nothing is fetched or sent",
            remedy: holder == nil ? "Start the daemon: systemctl start spool." : nil
        )
    }

    private func structure(_ seen: SpoolExamination) -> Finding {
        let did =
            "ran SQLite's check on each table and its indexes, "
            + (isThorough ? "without a time limit" : "for one second each")
        guard seen.faults.isEmpty else {
            return Finding(
                Self.subject,
                "structure",
                .problem,
                did: did,
                found: "the file is damaged: " + seen.faults.prefix(3).joined(separator: "; "),
                remedy:
                    "Stop the daemon, keep the file and its -wal, then restore a backup or start with a new "
                    + "file: spool fetches again what the source still has."
            )
        }
        let rest =
            seen.unfinished.isEmpty
            ? ""
            : "; not finished within one second: \(seen.unfinished.joined(separator: ", ")) (`--thorough` "
                + "checks them completely)"
        return Finding(
            Self.subject,
            "structure",
            .ok,
            did: did,
            found: "\(seen.checked.count) tables passed the check\(rest)"
        )
    }

    private func log(_ status: SpoolStatus) -> Finding {
        let limit = SpoolOptions().fitted(toDiskOf: settings.path).walLimit
        let isLong = status.size.wal > 2 * limit
        return Finding(
            Self.subject,
            "write-ahead log",
            isLong ? .warning : .ok,
            did: "looked at \(settings.path)-wal",
            found: "\(ByteSize.text(status.size.wal)), emptied above \(ByteSize.text(limit))"
                + (isLong ? ": a reader prevents this" : ""),
            remedy: isLong
                ? "Stop the program that has the spool open, usually a `sqlite3` shell left in a "
                    + "transaction; `lsof \(settings.path)` shows it." : nil
        )
    }

    private func reserve() -> Finding {
        let wanted = SpoolOptions().fitted(toDiskOf: settings.path).reserveBytes
        let file = settings.path + ".reserve"
        let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int64) ?? 0
        let isWhole = size >= wanted
        return Finding(
            Self.subject,
            "reserve",
            isWhole ? .ok : .warning,
            did: "looked at \(file)",
            found: isWhole
                ? "\(ByteSize.text(size)) are reserved for a full disk"
                : "the reserve for a full disk is \(size == 0 ? "missing" : "smaller than it should be")",
            remedy: isWhole
                ? nil : "Free space on the disk; the daemon recreates it when there is enough."
        )
    }

    private func room(_ status: SpoolStatus, _ growth: SpoolGrowth) -> Finding {
        let forecast = GrowthForecast(
            growth,
            retention: settings.retentionAge,
            maxSize: settings.maxSize,
            free: status.size.diskFree
        )
        return RoomWords(forecast, growth, settings, free: status.size.diskFree).finding
    }

    /// The active notifications as findings.
    private func standing(_ status: SpoolStatus) -> [Finding] {
        let did = "read the active notifications"
        guard !status.notifications.isEmpty else {
            return [Finding(Self.subject, "notifications", .ok, did: did, found: "none is active")]
        }
        return status.notifications.map { note in
            let isBad = note.severity == .error || note.severity == .critical
            return Finding(
                Self.subject,
                note.subject.isEmpty ? "notification" : "notification of \(note.subject)",
                isBad ? .problem : note.severity == .warning ? .warning : .ok,
                did: did,
                found: "\(note.code), since \(note.at): \(note.message)",
                remedy: isBad || note.severity == .warning
                    ? "Follow the message; the notification clears automatically once its cause is gone."
                    : nil
            )
        }
    }
}

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
