import Foundation
import SpoolCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The right to write a spool: `flock` on `<spool>.lock`, held until released or until the process ends.
///
/// The file is never deleted: a process that waits for the lock of a deleted file would not exclude one that
/// made a new file. It holds the holder's pid and command, for the message of whoever comes second.
final class SpoolLock: Sendable {
    /// None once it was released.
    private let descriptor: Mutex<Int32?>

    /// Takes the lock at once or not at all.
    ///
    /// - Throws: `.locked`, naming the holder.
    init(_ files: SpoolFiles, holder: String) throws(StoreError) {
        let descriptor = try OwnedFile.open(
            files.lock,
            O_CREAT | O_RDWR,
            mode: SpoolFiles.mode,
            what: "the lock",
            spool: files.path
        )
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else { throw StoreError.file("lock \(files.lock)", code) }
            let other = Self.holder(descriptor).map { " by process \($0)" } ?? ""
            throw StoreError(
                .locked,
                "The spool \(files.path) is in use\(other). Stop that process, or run the command through it."
            )
        }
        fchmod(descriptor, SpoolFiles.mode)
        let text = "\(getpid()) (\(holder))\n"
        // On a full disk the file may stay empty; the lock holds all the same.
        if ftruncate(descriptor, 0) == 0 { _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) } }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets another one take it; it may be called again.
    func release() {
        let descriptor = descriptor.withLock { held in
            defer { held = nil }
            return held
        }
        guard let descriptor else { return }
        // Closing alone would leave the lock to a child that was forked a moment ago and has not begun its
        // own program yet.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Who holds a spool's lock, in words; nil when nobody does.
    static func holder(of files: SpoolFiles) -> String? {
        let descriptor = open(files.lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
            flock(descriptor, LOCK_UN)
            return nil
        }
        guard errno == EWOULDBLOCK else { return nil }
        return holder(descriptor) ?? "another process"
    }

    private static func holder(_ descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return text.split(separator: "\n").first.map(String.init)
    }
}
