import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Opens files next to the spool, in a folder that another user may be able to write.
///
/// It follows no symbolic link and opens only a regular file with one hard link that belongs to the spool's
/// owner, this user or root. Otherwise, as root, spool would truncate any file that another user has linked
/// there. A file that root creates is given to the spool's owner (`FileOwner`), so that the daemon can open
/// it later.
enum OwnedFile {
    /// Opens or, with `O_CREAT`, creates a file.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - flags: flags of open(2); the protective ones are added.
    ///   - mode: the mode of a file that is created.
    ///   - what: what the file is, for errors: `the lock`.
    ///   - spool: the spool next to which it is.
    /// - Returns: its descriptor.
    /// - Throws: why it cannot be opened, and what to do.
    static func open(
        _ path: String,
        _ flags: Int32,
        mode: mode_t,
        what: String,
        spool: String
    ) throws(StoreError) -> Int32 {
        // Without `O_NONBLOCK`, opening a FIFO without a peer would block; it changes nothing for a regular
        // file.
        let descriptor = systemOpen(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode)
        guard descriptor >= 0 else { throw failure(path, what, errno) }
        do throws(StoreError) {
            try check(descriptor, path, what, FileOwner.ofSpool(at: spool), mode)
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func check(
        _ descriptor: Int32,
        _ path: String,
        _ what: String,
        _ owner: FileOwner?,
        _ mode: mode_t
    ) throws(StoreError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StoreError.file("open \(what) \(path)", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(.readOnly, "\(path) (\(what)) is not a regular file. Move it away.")
        }
        guard status.st_nlink <= 1 else {
            throw StoreError(
                .readOnly,
                "\(path) (\(what)) has more than one hard link. Remove it."
            )
        }
        guard [geteuid(), 0, owner?.user ?? 0].contains(status.st_uid) else {
            throw StoreError(
                .readOnly,
                "\(path) (\(what)) belongs to user id \(status.st_uid), but the spool does not. Remove it, "
                    + "or give it to the spool's owner with `chown`."
            )
        }
        guard geteuid() == 0, let owner, status.st_uid != owner.user else { return }
        fchown(descriptor, owner.user, owner.group)
        fchmod(descriptor, mode)
    }

    private static func failure(_ path: String, _ what: String, _ code: Int32) -> StoreError {
        if code == ELOOP {
            return StoreError(
                .readOnly,
                "\(path) (\(what)) is a symbolic link, which spool does not follow. Remove it."
            )
        }
        var status = stat()
        if code == EACCES, lstat(path, &status) == 0, status.st_uid != geteuid() {
            return StoreError(
                .readOnly,
                "Cannot open \(what) \(path): it belongs to user id \(status.st_uid), but this process runs "
                    + "as user id \(geteuid()). Give it to the spool's owner with `chown`."
            )
        }
        return StoreError.file("open \(what) \(path)", code)
    }

    private static func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, flags, mode)
        #else
            Darwin.open(path, flags, mode)
        #endif
    }
}
