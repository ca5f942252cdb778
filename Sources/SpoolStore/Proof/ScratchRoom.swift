import GRDB
package import SpoolCore

/// The disk that a scratch takes beside the spool: as much as the spool's own counts let expect, and nothing
/// of what the spool itself may need.
enum ScratchRoom {
    /// What one id of 64 characters takes in the scratch, with the air in its pages (measured: some 125).
    static let perID: Int64 = 140
    /// What one more takes for each sink that does not have it (measured: some 115).
    static let perLack: Int64 = 130
    /// What is written at once, with what SQLite has still in its memory.
    static let atOnce: Int64 = 8 << 20
    /// Index entries of one reading, some 50 ms of them.
    static let slice = 200_000

    /// The events of a window, and what of them is above the watermarks of the sinks.
    struct Expected: Sendable, Equatable {
        var ids = 0
        var lacks = 0

        var bytes: Int64 { Int64(ids) * perID + Int64(lacks) * perLack + atOnce }
    }

    /// Counts on from a time; the second is where the next slice begins, nil after the last.
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
                    WHERE stream_id = ? AND created_ms >= ? AND created_ms < ? ORDER BY created_ms LIMIT \(slice))
                """,
            arguments: [stream.value, from, to]
        )
        guard let row, let last = row[1] as Int64? else { return (Expected(), nil) }
        let count: Int = row[0]
        // What shares a slice's last millisecond is left out: an estimate can do without.
        return (Expected(ids: count, lacks: row[2]), count < slice ? nil : last + 1)
    }
}

extension Spool {
    /// A scratch for one window of a stream, if its disk has room for that beside the spool.
    ///
    /// - Throws: `.full`, naming what it needs and what there is.
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

    /// What the disk has beyond what keeps fetching, retention and settling as they are.
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
        // The source shows deleted events as well, and their hashes are noted.
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

    /// To whole MiB: more would only look exact.
    private static func rounded(_ bytes: Int64) -> Int64 { (bytes + (1 << 20) - 1) / (1 << 20) * (1 << 20) }
}
