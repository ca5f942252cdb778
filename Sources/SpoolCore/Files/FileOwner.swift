#if canImport(Glibc)
    package import Glibc
#elseif canImport(Darwin)
    package import Darwin
#endif

/// The user and group that a file belongs to.
package struct FileOwner: Sendable, Equatable {
    package let user: uid_t
    package let group: gid_t

    /// The owner for files beside a spool: the owner of its folder, or, if that is root, the owner of the
    /// spool.
    ///
    /// Files that root creates there are given to this owner, so that a command run as root never locks the
    /// daemon out. Nil when neither owner can be read.
    package static func ofSpool(at path: String) -> FileOwner? {
        let path = ResolvedPath(path).path
        let folder = FileOwner(of: ResolvedPath.folder(of: path))
        guard let folder, folder.user == 0 else { return folder }
        return FileOwner(of: path) ?? folder
    }

    private init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        user = status.st_uid
        group = status.st_gid
    }
}
