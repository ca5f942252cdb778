import Foundation
import SpoolCore

/// Writes files that contain or refer to secrets: they are never readable by others, not even briefly.
struct NewFile {
    let path: String
    let permissions: mode_t
    /// Whether an existing file is replaced.
    let replaces: Bool

    /// Fails if a file exists that `write` must not replace.
    func check() throws {
        guard !replaces, access(path, F_OK) == 0 else { return }
        errno = EEXIST
        throw failure()
    }

    /// Writes the whole text or nothing.
    ///
    /// A partly written file never appears at `path`: the text is written to a draft, which is then renamed.
    /// If the file must be new, the draft is linked instead: link(2) fails if the file exists, so that a file
    /// created meanwhile is not lost.
    func write(_ text: String) throws {
        let draft = path + ".new"
        // Left over from an interrupted write.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw failure() }
        defer { unlink(draft) }
        do {
            defer { close(descriptor) }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                guard count >= 0 || errno == EINTR else { throw failure() }
                rest = rest.dropFirst(max(0, count))
            }
            takeOver(descriptor)
            guard fsync(descriptor) == 0 else { throw failure() }
        }
        guard (replaces ? rename(draft, path) : link(draft, path)) == 0 else { throw failure() }
    }

    /// Sets the owner and group of the file that is replaced, or the group of the folder for a new file, so
    /// that the daemon can read what root writes into /etc/spool.
    ///
    /// Only root has the permission for all of this; for others the file keeps its owner.
    private func takeOver(_ descriptor: Int32) {
        var old = stat()
        if lstat(path, &old) == 0 {
            _ = fchown(descriptor, old.st_uid, old.st_gid)
        } else if stat(URL(fileURLWithPath: path).deletingLastPathComponent().path, &old) == 0 {
            _ = fchown(descriptor, uid_t.max, old.st_gid)
        }
    }

    private func failure() -> CommandFailure {
        let reason =
            switch errno {
            case EEXIST: "the file exists already; --force overwrites it"
            case ENOENT, ENOTDIR: "the folder does not exist"
            default: String(cString: strerror(errno))
            }
        return CommandFailure(.wrongUse, "cannot write \(path): \(reason)")
    }
}
