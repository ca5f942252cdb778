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

/// The permissions of a file or folder.
struct FileAccess {
    let owner: String
    /// The mode in octal digits.
    let mode: String
    let isReadableByOthers: Bool
    /// False for a folder with the sticky bit (`/tmp`), where users cannot replace files of other users.
    let isWritableByOthers: Bool
    let isWritableHere: Bool

    /// Nil when nothing exists at the path.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        owner = Self.name(status.st_uid)
        mode = String(status.st_mode & 0o7777, radix: 8)
        isReadableByOthers = status.st_mode & 0o004 != 0
        isWritableByOthers = status.st_mode & 0o002 != 0 && status.st_mode & 0o1000 == 0
        isWritableHere = access(path, W_OK) == 0
    }

    /// The user who runs this program.
    static var userName: String { name(geteuid()) }

    private static func name(_ user: uid_t) -> String {
        guard let entry = getpwuid(user), let name = entry.pointee.pw_name else { return "user \(user)" }
        return String(cString: name)
    }
}

/// The kind of a folder's file system, where SQLite depends on it.
enum FileSystem: Equatable {
    case disk
    /// Its content is lost at a restart.
    case memory
    /// Its locks are unreliable (sqlite.org/howtocorrupt.html §2.1).
    case network

    /// Determines the kind from the kernel's name of the type.
    init(type: some StringProtocol) {
        switch type {
        case "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "lustre", "fuse.sshfs",
            "fuse.glusterfs":
            self = .network
        case "tmpfs", "ramfs": self = .memory
        default: self = .disk
        }
    }

    /// Determines the kind from a mount table (proc(5), `/proc/self/mountinfo`).
    ///
    /// The last entry of the deepest mount point above the path counts; nil when there is none.
    init?(of path: String, mounts: String) {
        var found: (point: Substring, type: Substring)?
        for line in mounts.split(separator: "\n") {
            let halves = line.split(separator: " - ", maxSplits: 1)
            let fields = halves.first?.split(separator: " ") ?? []
            guard halves.count == 2, fields.count > 4, let type = halves[1].split(separator: " ").first else {
                continue
            }
            let point = fields[4]
            let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
            if isAbove, point.count >= found?.point.count ?? 0 { found = (point, type) }
        }
        guard let found else { return nil }
        self.init(type: found.type)
    }

    /// Nil if the system does not provide the mount table.
    init?(of path: String) {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else {
            return nil
        }
        self.init(of: real, mounts: mounts)
    }
}
