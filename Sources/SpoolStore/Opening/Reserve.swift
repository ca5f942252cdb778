import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `<spool>.reserve`: reserved disk space, released on a full disk so that settling and pruning can continue.
///
/// A DELETE also appends to the WAL, so without the reserve events could not even be deleted from a full
/// disk.
struct Reserve: Sendable {
    let files: SpoolFiles
    let bytes: Int64

    /// True when it is in place, or none is configured.
    var isWhole: Bool { bytes == 0 || SpoolFiles.size(of: files.reserve) >= bytes }

    /// Creates it if that leaves `spare` bytes free on the disk.
    func make(sparing spare: Int64) {
        guard !isWhole, files.freeBytes() - SpoolFiles.size(of: files.reserve) > bytes + spare else { return }
        // Errors are ignored: without the reserve fetching pauses earlier, and nothing else depends on it.
        let opened = try? OwnedFile.open(
            files.reserve,
            O_CREAT | O_RDWR,
            mode: SpoolFiles.mode,
            what: "the reserve",
            spool: files.path
        )
        guard let descriptor = opened else { return }
        defer { close(descriptor) }
        if Self.allocate(descriptor, bytes) {
            fsync(descriptor)
            files.syncFolder()
        } else {
            unlink(files.reserve)
        }
    }

    /// Deletes it; false when there was nothing to delete.
    func giveUp() -> Bool {
        guard SpoolFiles.size(of: files.reserve) > 0 else { return false }
        return unlink(files.reserve) == 0
    }

    /// Allocates the blocks: deleting a sparse file would free nothing.
    private static func allocate(_ descriptor: Int32, _ bytes: Int64) -> Bool {
        #if os(Linux)
            return posix_fallocate(descriptor, 0, off_t(bytes)) == 0
        #else
            let block = [UInt8](repeating: 0, count: 1 << 20)
            var offset: Int64 = 0
            while offset < bytes {
                let count = pwrite(
                    descriptor,
                    block,
                    Int(min(Int64(block.count), bytes - offset)),
                    off_t(offset)
                )
                guard count > 0 else { return false }
                offset += Int64(count)
            }
            return true
        #endif
    }
}
