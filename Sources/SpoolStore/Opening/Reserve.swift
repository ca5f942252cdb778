import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `<spool>.reserve`: disk kept back, given up on a full disk so that settling and pruning can go on.
///
/// A DELETE appends to the WAL as well, so without it a full disk could not even be emptied.
struct Reserve: Sendable {
    let files: SpoolFiles
    let bytes: Int64

    /// True when it is in place, or none is wanted.
    var isWhole: Bool { bytes == 0 || SpoolFiles.size(of: files.reserve) >= bytes }

    /// Puts it in place while the disk has `spare` bytes beside it.
    func make(sparing spare: Int64) {
        guard !isWhole, files.freeBytes() - SpoolFiles.size(of: files.reserve) > bytes + spare else { return }
        // Without it fetching stops earlier; nothing else depends on it.
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

    /// Frees it; false when there was nothing to free.
    func giveUp() -> Bool {
        guard SpoolFiles.size(of: files.reserve) > 0 else { return false }
        return unlink(files.reserve) == 0
    }

    /// Claims the blocks: a sparse file would give nothing back.
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
