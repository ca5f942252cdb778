import Foundation
import SpoolCore

/// Writes files that hold, or lead to, secrets: never readable by others, not even for a moment.
struct NewFile {
    let path: String
    let permissions: mode_t
    /// Replaces what is there.
    let replaces: Bool

    /// Fails where `write` would find a file that it must not replace.
    func check() throws {
        guard !replaces, access(path, F_OK) == 0 else { return }
        errno = EEXIST
        throw failure()
    }

    /// Writes the whole text, or nothing.
    ///
    /// A half-written file never stands at `path`, and where it must be new, nobody's file is lost to a race: it
    /// is written beside and then linked, which fails where there is one (link(2)).
    func write(_ text: String) throws {
        let draft = path + ".new"
        // Left over from a write that was cut off.
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

    /// Gives the file the owner and group of the one that it replaces; a new one gets the group of its folder, so
    /// that what root writes into /etc/spool can be read by the daemon.
    ///
    /// Only root may do all of it; others keep their own file.
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
            case EEXIST: "there is such a file already; --force replaces it"
            case ENOENT, ENOTDIR: "there is no such folder"
            default: String(cString: strerror(errno))
            }
        return CommandFailure(.wrongUse, "cannot write \(path): \(reason)")
    }
}
