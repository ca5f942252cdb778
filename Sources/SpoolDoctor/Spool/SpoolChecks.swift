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
                    // The other messages contain their own remedy.
                    remedy: error.kind == .damaged
                        ? "Keep the file, restore a backup or start with a new one: spool fetches again what "
                            + "the source still has." : nil
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
