import Foundation

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
