import GRDB
package import SpoolCore

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
