import Foundation
import SpoolConfig
import SpoolCore
import SpoolStore

/// Examines what surrounds the spool on this machine: permissions, and SQLite.
struct MachineChecks {
    static let subject = "machine"

    let configurationPath: String
    let settings: SpoolSettings
    /// What the configuration's own reading found unwise.
    let warnings: [String]

    func run() -> [Finding] {
        [configuration(), folder()] + files() + [sqlite(.current)]
    }

    func sqlite(_ release: SQLiteRelease) -> Finding {
        Finding(
            Self.subject,
            "SQLite",
            .ok,
            did: "asked the library for its release",
            found: "SQLite \(release)"
                + (release.hasWALResetRace
                    ? "; it has the WAL-reset race (sqlite.org/wal.html#walresetbug, corrected in 3.51.3), which needs "
                        + "two connections that checkpoint: here one alone does, so the spool is safe as long as no other "
                        + "program writes to it (open it with `sqlite3 -readonly`, and without litestream)"
                    : "; without the WAL-reset race")
        )
    }

    private func configuration() -> Finding {
        let did = "looked at the permissions of \(configurationPath) and of the secrets it names"
        if let file = FileAccess(configurationPath), file.isWritableByOthers {
            return Finding(
                Self.subject,
                "configuration",
                .problem,
                did: did,
                found: "every user may change \(configurationPath), and with it where events go",
                remedy: "chmod o-w \(configurationPath)"
            )
        }
        guard !warnings.isEmpty else {
            return Finding(
                Self.subject,
                "configuration",
                .ok,
                did: did,
                found: "only their owners may read or change them"
            )
        }
        return Finding(
            Self.subject,
            "configuration",
            .warning,
            did: did,
            found: warnings.joined(separator: "; "),
            remedy: "Put right what each of these names."
        )
    }

    private func folder() -> Finding {
        let path = URL(fileURLWithPath: settings.path).deletingLastPathComponent().path
        let did = "looked at the folder \(path) as user \(FileAccess.userName)"
        guard let folder = FileAccess(path) else {
            return Finding(
                Self.subject,
                "spool folder",
                .problem,
                did: did,
                found: "there is no such folder",
                remedy: "install -d -o spool -g spool -m 750 \(path), or set `spool.path`."
            )
        }
        if folder.isWritableByOthers {
            return Finding(
                Self.subject,
                "spool folder",
                .problem,
                did: did,
                found: "every user may write there, and could put another file in the spool's place",
                remedy: "chmod o-w \(path)"
            )
        }
        return Finding(
            Self.subject,
            "spool folder",
            .ok,
            did: did,
            found: "it belongs to \(folder.owner), mode \(folder.mode)"
                + (folder.isWritableHere ? "" : "; this user may not write there, the daemon's has to")
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
                did: "looked at the permissions of \(settings.path)",
                found: isOpen
                    ? "every user may read the events in it"
                    : "it belongs to \(file.owner), mode \(file.mode)",
                remedy: isOpen ? "chmod o-r \(settings.path)*" : nil
            )
        ]
    }
}
