#if canImport(Glibc)
    package import Glibc
#elseif canImport(Darwin)
    package import Darwin
#endif

/// The canonical path of a file: absolute, without symbolic links, `.` and `..`.
///
/// SQLite keeps its log beside the file that a link points to, so the lock, the socket and all other files of
/// a spool must be there as well. Two paths of one spool are therefore one spool.
package struct ResolvedPath: Sendable, Equatable {
    package let path: String
    /// The users whose symbolic links were followed.
    package let linkOwners: Set<uid_t>

    /// The kernel's own limit (path_resolution(7)).
    private static let mostLinks = 40

    /// Follows the links of a path as they are now; components that do not exist are kept as written.
    package init(_ path: String) {
        let absolute = path.hasPrefix("/") ? path : Self.workingDirectory + "/" + path
        var rest: [Substring] = absolute.split(separator: "/").reversed()
        var resolved = ""
        var owners: Set<uid_t> = []
        var links = 0
        while let part = rest.popLast() {
            if part == "." { continue }
            if part == ".." {
                resolved = Self.parent(of: resolved)
                continue
            }
            let next = resolved + "/" + part
            guard let (target, owner) = Self.link(at: next), links < Self.mostLinks else {
                resolved = next
                continue
            }
            links += 1
            owners.insert(owner)
            if target.hasPrefix("/") { resolved = "" }
            rest += target.split(separator: "/").reversed()
        }
        self.path = resolved.isEmpty ? "/" : resolved
        linkOwners = owners
    }

    /// The folder of a path, after following its links.
    package static func folder(of path: String) -> String {
        let parent = parent(of: ResolvedPath(path).path)
        return parent.isEmpty ? "/" : parent
    }

    /// Empty for the root folder.
    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private static func link(at path: String) -> (target: String, owner: uid_t)? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return nil }
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return (String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self), status.st_uid)
    }

    private static var workingDirectory: String {
        guard let bytes = getcwd(nil, 0) else { return "" }
        defer { free(bytes) }
        return String(cString: bytes)
    }
}
