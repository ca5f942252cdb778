import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A small disk of its own in memory, for full and read-only disks; needs root.
final class TemporaryDisk: Sendable {
    let folder: URL

    init(bytes: Int) throws {
        folder = try TemporaryFolder.make()
        #if canImport(Glibc)
            guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw POSIXError(.EPERM)
            }
        #endif
    }

    deinit {
        #if canImport(Glibc)
            umount2(folder.path, Int32(MNT_DETACH))
        #endif
        try? FileManager.default.removeItem(at: folder)
    }

    func makeReadOnly() -> Bool {
        #if canImport(Glibc)
            mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0
        #else
            false
        #endif
    }

    /// True when this user may mount.
    static let isPossible: Bool = {
        #if canImport(Glibc)
            return (try? TemporaryDisk(bytes: 1 << 20)) != nil
        #else
            return false
        #endif
    }()
}
