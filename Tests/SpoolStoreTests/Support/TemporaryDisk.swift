import Foundation
import SpoolTestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// A small separate disk in memory, for tests of full and read-only disks; needs root.
final class TemporaryDisk: Sendable {
    let folder: TemporaryFolder

    init(bytes: Int) throws {
        folder = try TemporaryFolder()
        #if canImport(Glibc)
            guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                throw POSIXError(.EPERM)
            }
        #endif
    }

    deinit {
        #if canImport(Glibc)
            // Unmounted twice when it was made read-only.
            while umount2(folder.path, Int32(MNT_DETACH)) == 0 {}
        #endif
    }

    /// Mounts a read-only view over the disk.
    ///
    /// The disk itself cannot always be made read-only: a file that was open for writing stays open for a
    /// moment in every process that another test is starting.
    func makeReadOnly() -> Bool {
        #if canImport(Glibc)
            mount(folder.path, folder.path, nil, UInt(MS_BIND), nil) == 0
                && mount(nil, folder.path, nil, UInt(MS_REMOUNT | MS_BIND | MS_RDONLY), nil) == 0
        #else
            false
        #endif
    }

    /// True when this user can mount file systems.
    static let isPossible: Bool = {
        #if canImport(Glibc)
            return (try? TemporaryDisk(bytes: 1 << 20)) != nil
        #else
            return false
        #endif
    }()
}
