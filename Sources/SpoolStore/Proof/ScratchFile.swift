import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The scratch file: initially empty, locked by this process, and removed at the end.
///
/// The lock is `flock`: it ends with the process, so a file that a killed process left can be distinguished
/// from one in use.
final class ScratchFile: Sendable {
    /// Ids are confidential: other users may not read them.
    private static let mode: mode_t = 0o600

    let path: String
    private let descriptor: Int32

    /// Opens and locks the file at the path, or creates it.
    ///
    /// - Throws: `.locked` when another process has locked it.
    init(_ path: String) throws(StoreError) {
        self.path = path
        while true {
            let descriptor = try OwnedFile.open(
                path,
                O_CREAT | O_RDWR,
                mode: Self.mode,
                what: "the sort file of verify",
                spool: path
            )
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                throw StoreError(
                    .locked,
                    "Another process is verifying this spool (it uses the file \(path)). Wait until it "
                        + "finishes."
                )
            }
            // A previous owner may have removed the file since it was opened here.
            guard Self.isAt(path, descriptor) else {
                close(descriptor)
                continue
            }
            fchmod(descriptor, Self.mode)
            Self.removeSiblings(of: path)
            guard ftruncate(descriptor, 0) == 0 else {
                let code = errno
                close(descriptor)
                throw StoreError.file("empty the file \(path)", code)
            }
            self.descriptor = descriptor
            return
        }
    }

    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Removes the file; it must not be used afterwards.
    func remove() {
        Self.removeSiblings(of: path)
        unlink(path)
    }

    private static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, opened) = (stat(), stat())
        guard lstat(path, &named) == 0, fstat(descriptor, &opened) == 0 else { return false }
        return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }

    private static func removeSiblings(of path: String) {
        for suffix in ["-journal", "-wal", "-shm"] { unlink(path + suffix) }
    }
}
