import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files of a spool and their modes.
struct SpoolFiles: Sendable {
    /// Readable by the group, so that `sqlite3` and commands need not run as the daemon's user.
    ///
    /// SQLite gives the -wal and -shm files the mode of the database (`findCreateFileMode` in its os_unix.c).
    static let mode: mode_t = 0o640

    /// The database file, with symbolic links resolved.
    let path: String

    /// Resolves the symbolic links of a path, so that all paths of a spool lead to the same files.
    init(path: String) { self.path = ResolvedPath(path).path }

    var lock: String { path + ".lock" }
    var reserve: String { path + ".reserve" }
    /// The copy of the spool's state (`StateCopy`).
    var state: String { path + ".state" }
    var journal: String { path + "-journal" }
    var wal: String { path + "-wal" }
    var folder: String { ResolvedPath.folder(of: path) }

    /// Rejects a path that would lead root through another user's link into a third user's folder.
    ///
    /// - Throws: `.readOnly`; never when this process does not run as root.
    static func checkLinks(of path: String) throws(StoreError) {
        let resolved = ResolvedPath(path)
        guard geteuid() == 0, let owner = FileOwner.ofSpool(at: resolved.path) else { return }
        guard let stranger = resolved.linkOwners.first(where: { $0 != 0 && $0 != owner.user }) else { return }
        throw StoreError(
            .readOnly,
            "The path \(path) goes through a symbolic link owned by user id \(stranger) to \(resolved.path), "
                + "which that user does not own. As root, spool does not follow such a link. Set "
                + "`spool.path` to the path of the file itself."
        )
    }

    /// Creates an empty database file with its mode, if there is none, and makes its directory entry durable.
    func createDatabase() throws(StoreError) {
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, Self.mode)
        if descriptor < 0 {
            // An existing file is never opened here: closing any descriptor of a database file drops the
            // locks that SQLite holds on it in this process (sqlite.org/howtocorrupt.html, 2.2).
            if errno == EEXIST { return }
            throw StoreError.file("create the spool \(path)", errno)
        }
        fchmod(descriptor, Self.mode)
        // SQLite gives -wal and -shm files that root creates the owner of this file.
        if geteuid() == 0, let owner = FileOwner.ofSpool(at: path) {
            fchown(descriptor, owner.user, owner.group)
        }
        close(descriptor)
        syncFolder()
    }

    /// Makes created and removed directory entries durable; SQLite does so only for its own files.
    func syncFolder() {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Size of a file in bytes; 0 when there is none.
    static func size(of path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    /// Bytes that this user can still write to the spool's disk.
    func freeBytes() -> Int64 { space { $0.f_bavail } }

    /// Size of the spool's disk in bytes.
    func diskBytes() -> Int64 { space { $0.f_blocks } }

    /// `.max` when the system does not report it, so that nothing is limited by it.
    private func space(_ blocks: (statvfs) -> fsblkcnt_t) -> Int64 {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return .max }
        return Int64(clamping: UInt64(blocks(status)) * UInt64(status.f_frsize))
    }
}

extension StoreError {
    /// A failed file operation as an error for the operator.
    static func file(_ what: String, _ code: Int32) -> StoreError {
        let cause = String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT: return StoreError(.full, "Cannot \(what): \(cause). Free space on its disk.")
        case EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR:
            return StoreError(
                .readOnly,
                "Cannot \(what): \(cause). Create its folder and give this user write access to it, or set "
                    + "`spool.path` to another location."
            )
        default: return StoreError(.io, "Cannot \(what): \(cause).")
        }
    }
}
