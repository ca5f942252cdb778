import Foundation
import SpoolCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The lock for writing a spool: `flock` on `<spool>.lock`, held until released or until the process ends.
///
/// The file is never deleted: a process that waits for the lock of a deleted file would not exclude one that
/// created a new file. It contains the holder's pid and command, for the error message of other processes.
final class SpoolLock: Sendable {
    /// Nil once it was released.
    private let descriptor: Mutex<Int32?>

    /// Takes the lock without waiting.
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
        // On a full disk the file may stay empty; the lock is held anyway.
        if ftruncate(descriptor, 0) == 0 { _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) } }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Releases the lock; may be called more than once.
    func release() {
        let descriptor = descriptor.withLock { held in
            defer { held = nil }
            return held
        }
        guard let descriptor else { return }
        // Closing alone is not enough: a child that was just forked and has not executed its program yet
        // would still hold the lock.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// The holder of a spool's lock as text; nil when there is none.
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
