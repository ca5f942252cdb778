import Foundation
import SpoolConfig
import SpoolCore
import SpoolStore

/// Examines the spool's file, beside a daemon that runs or not: it is opened for reading only, without the lock.
struct SpoolChecks {
    static let subject = "spool"
    /// For one table of the structure's check: an open snapshot lets the write-ahead log grow.
    static let patience = Duration.seconds(1)

    let settings: SpoolSettings
    /// Check every page, however long it takes.
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
                    found: "there is none yet",
                    remedy: "`spool run` makes it."
                )
            ]
        }
        do throws(StoreError) {
            let spool = try Spool.openReadOnly(path: path)
            let status = try await spool.status()
            return [
                holder(),
                structure(try await spool.examine(patience: isThorough ? .hours(24) : Self.patience)),
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
                    // The others say themselves what to do.
                    remedy: error.kind == .damaged
                        ? "Keep the file, restore a backup or start with a new one: what the source still has is "
                            + "fetched again." : nil
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
            did: "asked who holds \(settings.path).lock",
            found: holder.map { "process \($0)" } ?? "nobody: no daemon runs, nothing is fetched or sent",
            remedy: holder == nil ? "Start it: systemctl start spool." : nil
        )
    }

    private func structure(_ seen: SpoolExamination) -> Finding {
        let did = "had SQLite check each table and its indexes, \(isThorough ? "all of it" : "a second each")"
        guard seen.faults.isEmpty else {
            return Finding(
                Self.subject,
                "structure",
                .problem,
                did: did,
                found: "the file is damaged: " + seen.faults.prefix(3).joined(separator: "; "),
                remedy:
                    "Stop the daemon, keep the file and its -wal, then restore a backup or start with a new "
                    + "file: what the source still has, is fetched again."
            )
        }
        let rest =
            seen.unfinished.isEmpty
            ? ""
            : "; larger than a second: \(seen.unfinished.joined(separator: ", ")) (`--thorough` takes the time)"
        return Finding(
            Self.subject,
            "structure",
            .ok,
            did: did,
            found: "\(seen.checked.count) tables are sound\(rest)"
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
            found: "\(ByteSize.text(status.size.wal)), emptied from \(ByteSize.text(limit)) on"
                + (isLong ? ": some reader keeps it from being emptied" : ""),
            remedy: isLong
                ? "End the program that has the spool open, usually a `sqlite3` shell left in a transaction; "
                    + "`lsof \(settings.path)` shows it." : nil
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
                ? "\(ByteSize.text(size)) are kept back for a full disk"
                : "the reserve for a full disk is \(size == 0 ? "not there" : "smaller than it should be")",
            remedy: isWhole
                ? nil : "Free space on the disk; the daemon makes it again by itself when there is enough."
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

    /// Notifications as findings: what the daemon has found out itself.
    private func standing(_ status: SpoolStatus) -> [Finding] {
        let did = "read the notifications that stand"
        guard !status.notifications.isEmpty else {
            return [Finding(Self.subject, "notifications", .ok, did: did, found: "none stands")]
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
                    ? "As the message says; it is cleared by itself once its cause is gone." : nil
            )
        }
    }
}
