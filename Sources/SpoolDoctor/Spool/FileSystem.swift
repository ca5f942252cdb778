import Foundation

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
