import Foundation

/// Who may do what with a file or folder.
struct FileAccess {
    let owner: String
    /// In octal digits.
    let mode: String
    let isReadableByOthers: Bool
    /// A folder with the sticky bit (`/tmp`) lets nobody touch what is another's.
    let isWritableByOthers: Bool
    let isWritableHere: Bool

    /// Nil when there is nothing at the path.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        owner = Self.name(status.st_uid)
        mode = String(status.st_mode & 0o7777, radix: 8)
        isReadableByOthers = status.st_mode & 0o004 != 0
        isWritableByOthers = status.st_mode & 0o002 != 0 && status.st_mode & 0o1000 == 0
        isWritableHere = access(path, W_OK) == 0
    }

    /// Who runs this program.
    static var userName: String { name(geteuid()) }

    private static func name(_ user: uid_t) -> String {
        guard let entry = getpwuid(user), let name = entry.pointee.pw_name else { return "user \(user)" }
        return String(cString: name)
    }
}
