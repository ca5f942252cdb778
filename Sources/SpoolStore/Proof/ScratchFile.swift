import GRDB
package import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The scratch file: initially empty, locked by this process, and removed at the end.
///
/// The lock is `flock`: it ends with the process, so a file that a killed process left can be distinguished
/// from one in use.
final class ScratchFile: Sendable {
    /// Ids are confidential: other users may not read them.
    private static let mode: mode_t = 0o600

    let path: String
    private let descriptor: Int32

    /// Opens and locks the file at the path, or creates it.
    ///
    /// - Throws: `.locked` when another process has locked it.
    init(_ path: String) throws(StoreError) {
        self.path = path
        while true {
            let descriptor = try OwnedFile.open(
                path,
                O_CREAT | O_RDWR,
                mode: Self.mode,
                what: "the sort file of verify",
                spool: path
            )
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                throw StoreError(
                    .locked,
                    "Another process is verifying this spool (it uses the file \(path)). Wait until it "
                        + "finishes."
                )
            }
            // A previous owner may have removed the file since it was opened here.
            guard Self.isAt(path, descriptor) else {
                close(descriptor)
                continue
            }
            fchmod(descriptor, Self.mode)
            Self.removeSiblings(of: path)
            guard ftruncate(descriptor, 0) == 0 else {
                let code = errno
                close(descriptor)
                throw StoreError.file("empty the file \(path)", code)
            }
            self.descriptor = descriptor
            return
        }
    }

    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Removes the file; it must not be used afterwards.
    func remove() {
        Self.removeSiblings(of: path)
        unlink(path)
    }

    private static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, opened) = (stat(), stat())
        guard lstat(path, &named) == 0, fstat(descriptor, &opened) == 0 else { return false }
        return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }

    private static func removeSiblings(of path: String) {
        for suffix in ["-journal", "-wal", "-shm"] { unlink(path + suffix) }
    }
}

/// The disk space for a scratch file next to the spool: estimated from the spool's counters, and limited to
/// what the spool itself does not need.
enum ScratchRoom {
    /// Bytes of one id of 64 characters in the scratch file, including unused space in pages (measured: about
    /// 125).
    static let perID: Int64 = 140
    /// Additional bytes for each sink that does not have it (measured: about 115).
    static let perLack: Int64 = 130
    /// Bytes of one write, including what SQLite still has in memory.
    static let atOnce: Int64 = 8 << 20
    /// Index entries per read, about 50 ms.
    static let slice = 200_000

    /// The number of events in a window, and how many of them are above the watermarks of the sinks.
    struct Expected: Sendable, Equatable {
        var ids = 0
        var lacks = 0

        var bytes: Int64 { Int64(ids) * perID + Int64(lacks) * perLack + atOnce }
    }

    /// Counts the slice that begins at a time; the second value is the beginning of the next slice, nil after
    /// the last.
    static func slice(
        _ db: Database,
        _ stream: StreamID,
        from: Int64,
        to: Int64,
        above watermarks: [Int64]
    ) throws -> (Expected, Int64?) {
        let lacks = watermarks.map { "total(seq > \($0))" }.joined(separator: " + ")
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*), max(created_ms), CAST(\(lacks.isEmpty ? "0" : lacks) AS INTEGER) FROM (
                    SELECT created_ms, seq FROM event INDEXED BY event_created
                    WHERE stream_id = ? AND created_ms >= ? AND created_ms < ?
                    ORDER BY created_ms LIMIT \(slice))
                """,
            arguments: [stream.value, from, to]
        )
        guard let row, let last = row[1] as Int64? else { return (Expected(), nil) }
        let count: Int = row[0]
        // Further events of the slice's last millisecond are omitted, which an estimate can tolerate.
        return (Expected(ids: count, lacks: row[2]), count < slice ? nil : last + 1)
    }
}

extension Spool {
    /// Creates a scratch file for one window of a stream, if the disk has enough space for it.
    ///
    /// - Throws: `.full`, with the space required and the space available.
    package func proofScratch(of stream: StreamID, _ window: Range<Timestamp>, _ targets: [ProofTarget])
        async throws(StoreError) -> ProofScratch
    {
        ProofScratch.removeLeft(beside: path)
        let expected = try await expectedScratch(of: stream, window, targets)
        let room = scratchRoom()
        guard expected.bytes <= room else {
            let free = files.freeBytes()
            throw StoreError(
                .full,
                "Verifying \(expected.ids) events needs about \(ByteSize.text(Self.rounded(expected.bytes))) "
                    + "next to the spool (\(ProofScratch.path(beside: path))), but only "
                    + "\(ByteSize.text(Self.rounded(max(0, room)))) are available: "
                    + "\(ByteSize.text(Self.rounded(free))) of its disk are free, and the spool reserves "
                    + "\(ByteSize.text(Self.rounded(free - room))) of them. Free space, or verify shorter "
                    + "windows one after another."
            )
        }
        return try ProofScratch(beside: path) { [self] in scratchRoom() }
    }

    /// Free disk space minus what fetching, retention and settling need to continue.
    private func scratchRoom() -> Int64 {
        files.freeBytes() - 2 * options.lowDiskBytes - (reserve.isWhole ? 0 : options.reserveBytes)
    }

    func expectedScratch(of stream: StreamID, _ window: Range<Timestamp>, _ targets: [ProofTarget])
        async throws(StoreError) -> ScratchRoom.Expected
    {
        let (from, to) = (window.lowerBound.milliseconds, window.upperBound.milliseconds)
        let watermarks = try await read { db in
            try targets.compactMap { target in
                try Int64.fetchOne(
                    db,
                    sql: "SELECT watermark_seq FROM subscription WHERE sink_id = ? AND stream_id = ?",
                    arguments: [target.sink.value, stream.value]
                )
            }
        }
        var expected = ScratchRoom.Expected()
        // The source also shows deleted events, and their hashes are added.
        expected.ids = try await read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT coalesce(sum(events), 0) FROM pruned WHERE stream_id = ? AND to_ms >= ?",
                arguments: [stream.value, from]
            ) ?? 0
        }
        var next: Int64? = from
        while let at = next {
            let (part, rest) = try await read { db in
                try ScratchRoom.slice(db, stream, from: at, to: to, above: watermarks)
            }
            expected.ids += part.ids
            expected.lacks += part.lacks
            next = rest
        }
        return expected
    }

    /// Rounds up to whole MiB, because the estimate is not more precise.
    private static func rounded(_ bytes: Int64) -> Int64 { (bytes + (1 << 20) - 1) / (1 << 20) * (1 << 20) }
}
