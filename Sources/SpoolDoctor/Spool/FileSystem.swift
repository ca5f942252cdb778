import Foundation

/// What a folder's file system means for SQLite.
enum FileSystem: Equatable {
    case disk
    /// It goes with a restart.
    case memory
    /// Its locks are not to be relied on (sqlite.org/howtocorrupt.html §2.1).
    case network

    /// By the kernel's name for its type.
    init(type: some StringProtocol) {
        switch type {
        case "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "lustre", "fuse.sshfs",
            "fuse.glusterfs":
            self = .network
        case "tmpfs", "ramfs": self = .memory
        default: self = .disk
        }
    }

    /// Reads a table of mounts (proc(5), `/proc/self/mountinfo`): the last of the deepest mount points above a path
    /// counts; nil when there is none.
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

    /// Nil where the system does not tell.
    init?(of path: String) {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else {
            return nil
        }
        self.init(of: real, mounts: mounts)
    }
}
