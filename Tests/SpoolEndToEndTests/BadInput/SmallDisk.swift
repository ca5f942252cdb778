import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A separate file system mounted over a folder: small, or read-only; requires the permission to mount.
struct SmallDisk {
    private let path: String

    /// Mounts an empty file system in memory.
    init(over path: String, bytes: Int) throws {
        self.path = path
        try Self.call("tmpfs", path, "tmpfs", 0, "size=\(bytes)")
    }

    /// Mounts the folder itself read-only: root ignores permissions, but not this.
    init(binding path: String) throws {
        self.path = path
        #if canImport(Glibc)
            try Self.call(path, path, nil, UInt(MS_BIND), nil)
            do {
                try Self.call(path, path, nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil)
            } catch {
                leave()
                throw error
            }
        #else
            throw POSIXError(.ENOTSUP)
        #endif
    }

    /// Unmounts the file system.
    func leave() {
        #if canImport(Glibc)
            umount2(path, Int32(MNT_DETACH))
        #endif
    }

    private static func call(_ what: String, _ path: String, _ type: String?, _ flags: UInt, _ data: String?)
        throws
    {
        #if canImport(Glibc)
            guard mount(what, path, type, flags, data) == 0 else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
            }
        #else
            throw POSIXError(.ENOTSUP)
        #endif
    }

    static let why: Comment = "mounting a small disk is not permitted to this user; run the tests as root"

    /// True if this user may mount.
    static let isPossible: Bool = {
        let folder = FileManager.default.temporaryDirectory.path + "/spool-mount-\(UUID().uuidString)"
        guard
            (try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false))
                != nil
        else { return false }
        let disk = try? SmallDisk(over: folder, bytes: 1 << 20)
        disk?.leave()
        // If this fails, an empty folder stays in the temporary folder.
        try? FileManager.default.removeItem(atPath: folder)
        return disk != nil
    }()
}
