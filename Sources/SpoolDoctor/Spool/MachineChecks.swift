import Foundation
import SpoolConfig
import SpoolCore
import SpoolStore

/// Examines the spool's environment on this machine: permissions, file system and SQLite.
struct MachineChecks {
    static let subject = "machine"

    let configurationPath: String
    let settings: SpoolSettings
    /// The warnings from reading the configuration.
    let warnings: [String]

    func run() -> [Finding] {
        [permissions()] + warnings.map(unwise) + [folder(), fileSystem()].compactMap { $0 } + files() + [
            sqlite(.current)
        ]
    }

    func sqlite(_ release: SQLiteRelease) -> Finding {
        Finding(
            Self.subject,
            "SQLite",
            .ok,
            did: "asked the SQLite library for its version",
            found: "SQLite \(release)"
                + (release.hasWALResetRace
                    ? "; it has the WAL-reset race (sqlite.org/wal.html#walresetbug, fixed in 3.51.3), which "
                        + "requires two connections that checkpoint: spool uses only one, so the spool is "
                        + "safe as long as no other program writes to it (open it with `sqlite3 -readonly`, "
                        + "and without litestream)"
                    : "; without the WAL-reset race")
        )
    }

    private func permissions() -> Finding {
        let did = "checked the permissions of \(configurationPath)"
        if let file = FileAccess(configurationPath), file.isWritableByOthers {
            return Finding(
                Self.subject,
                "configuration",
                .problem,
                did: did,
                found: "every user can change \(configurationPath), including where events are sent",
                remedy: "chmod o-w \(configurationPath)"
            )
        }
        return Finding(
            Self.subject,
            "configuration",
            .ok,
            did: did,
            found: "only its owner and group can change it"
        )
    }

    /// One finding per warning, so that none is overlooked.
    private func unwise(_ warning: String) -> Finding {
        Finding(
            Self.subject,
            "configuration",
            .warning,
            did: "read the configuration and the permissions of the secret files it names",
            found: warning
        )
    }

    private func folder() -> Finding {
        let path = URL(fileURLWithPath: settings.path).deletingLastPathComponent().path
        let did = "checked the folder \(path) as user \(FileAccess.userName)"
        guard let folder = FileAccess(path) else {
            return Finding(
                Self.subject,
                "spool folder",
                .problem,
                did: did,
                found: "the folder does not exist",
                remedy: "install -d -o spool -g spool -m 750 \(path), or set `spool.path`."
            )
        }
        if folder.isWritableByOthers {
            return Finding(
                Self.subject,
                "spool folder",
                .problem,
                did: did,
                found: "every user can write there and could replace the spool's file",
                remedy: "chmod o-w \(path)"
            )
        }
        return Finding(
            Self.subject,
            "spool folder",
            .ok,
            did: did,
            found: "owner \(folder.owner), mode \(folder.mode)"
                + (folder.isWritableHere
                    ? "" : "; this user cannot write there, but the daemon's user must be able to")
        )
    }

    /// Nil if the folder does not exist.
    private func fileSystem() -> Finding? {
        let path = URL(fileURLWithPath: settings.path).deletingLastPathComponent().path
        return FileSystem(of: path).map { fileSystem($0, at: path) }
    }

    func fileSystem(_ kind: FileSystem, at path: String) -> Finding {
        let (verdict, found, remedy): (Finding.Verdict, String, String?) =
            switch kind {
            case .network:
                (
                    .problem, "\(path) is on a network file system, where SQLite's locks are unreliable",
                    "Move the spool to a local disk (sqlite.org/useovernet.html)."
                )
            case .memory:
                (
                    .warning, "\(path) is in memory: the spool is lost when the machine restarts",
                    "Move the spool to a disk."
                )
            case .disk: (.ok, "\(path) appears to be on a disk", nil)
            }
        return Finding(
            Self.subject,
            "file system",
            verdict,
            did: "determined the file system type of \(path)",
            found: found,
            remedy: remedy
        )
    }

    private func files() -> [Finding] {
        guard let file = FileAccess(settings.path) else { return [] }
        let isOpen = file.isReadableByOthers
        return [
            Finding(
                Self.subject,
                "spool file",
                isOpen ? .warning : .ok,
                did: "checked the permissions of \(settings.path)",
                found: isOpen
                    ? "every user can read the events in it"
                    : "owner \(file.owner), mode \(file.mode)",
                remedy: isOpen ? "chmod o-r \(settings.path)*" : nil
            )
        ]
    }
}
