import Crypto
import Foundation
import GRDB
import SpoolCore

/// The ids of events that retention has deleted (`pruned`), as hashes of 8 bytes, one row per slice of
/// retention.
///
/// Before `stream.pruned_ids_from_ms` they are incomplete: a missing id proves nothing there.
enum PrunedIDs {
    /// Bytes of one hash.
    ///
    /// The probability that two ids among a million in one window have the same hash is about 10^-7.
    static let width = 8
    /// Bytes of a row in addition to its hashes.
    static let rowBytes: Int64 = 80

    /// The hash of an id: the first 8 bytes of its SHA-256.
    static func hash(_ id: String) -> UInt64 {
        SHA256.hash(data: Array(id.utf8)).prefix(width).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Records events of one stream that are about to be deleted, the sinks at which their delivery is
    /// doubtful, and those that have not received them.
    ///
    /// Sinks that are no longer configured count as well, because they may be added again. `lost` has the
    /// events that a sink has not received and no longer keeps.
    static func note(_ db: Database, _ seqs: [Int64], of stream: StreamID, lost: [SinkID: Set<Int64>] = [:])
        throws
    {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT e.seq, e.external_id, e.created_ms FROM event e JOIN stream t ON t.id = e.stream_id
                    WHERE e.seq IN (SELECT value FROM json_each(?)) AND t.name <> ? AND t.replay_id IS NULL
                    """
            ),
            arguments: [try JSONColumn.text(seqs), StreamName.notifications.description]
        )
        let events = rows.map { Noted(seq: $0[0], hash: hash($0[1]), time: $0[2]) }
        guard !events.isEmpty else { return }
        try insert(db, events, of: stream, at: nil)
        for sink in try sinks(db, of: stream) {
            // A replay may have delivered an event above the watermark.
            let standings = try standings(db, events, sink, stream, lost: lost[sink] ?? [])
            for (standing, isLost) in [(DeliveryStanding.doubtful, false), (.lost, true)] {
                let some = zip(events, standings).filter { $1 == standing }.map(\.0)
                try insert(db, some, of: stream, at: sink, isLost: isLost)
            }
        }
    }

    /// Records events that were lost with a damaged page, whose ids an index still held.
    ///
    /// Each of them must have a proved outcome at every sink.
    static func note(_ db: Database, _ events: [(seq: Int64, id: String, time: Int64)], of stream: StreamID)
        throws
    {
        try insert(
            db,
            events.map { Noted(seq: $0.seq, hash: hash($0.id), time: $0.time) },
            of: stream,
            at: nil
        )
    }

    private struct Noted {
        let seq: Int64
        let hash: UInt64
        let time: Int64
    }

    private static func insert(
        _ db: Database,
        _ events: [Noted],
        of stream: StreamID,
        at sink: SinkID?,
        isLost: Bool = false
    ) throws {
        guard let oldest = events.map(\.time).min(), let newest = events.map(\.time).max() else { return }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(events.count * width)
        for event in events {
            withUnsafeBytes(of: event.hash.bigEndian) { bytes.append(contentsOf: $0) }
        }
        try db.cachedStatement(
            sql:
                "INSERT INTO pruned (stream_id, sink_id, from_ms, to_ms, events, ids, lost) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            stream.value, sink?.value, oldest, newest, events.count, Data(bytes), isLost,
        ])
    }

    /// The sinks that have a subscription to the stream, including those that are no longer configured.
    private static func sinks(_ db: Database, of stream: StreamID) throws -> [SinkID] {
        try Int64.fetchAll(
            db.cachedStatement(sql: "SELECT sink_id FROM subscription WHERE stream_id = ? ORDER BY sink_id"),
            arguments: [stream.value]
        ).map { SinkID($0) }
    }

    /// True if the delivery of an event in a range to a sink is doubtful or not proved yet.
    static let unprovedSQL = """
        SELECT EXISTS (
            SELECT 1 FROM ledger l INDEXED BY ledger_range LEFT JOIN connection c ON c.id = l.connection_id
            WHERE l.sink_id = ? AND l.stream_id = ? AND l.last_seq >= ? AND l.first_seq <= ?
                AND (\(SinkConnections.isDoubtfulSQL) OR \(SinkConnections.isPendingSQL)))
        """

    /// The delivery states of events at a sink; nil when each of them is proved to be delivered, or was
    /// filtered.
    private static func standings(_ db: Database, _ seqs: [Int64], _ sink: SinkID, _ stream: StreamID) throws
        -> StandingMap?
    {
        guard let first = seqs.min(), let last = seqs.max() else { return nil }
        let isAny = try Bool.fetchOne(
            db.cachedStatement(sql: unprovedSQL),
            arguments: [sink.value, stream.value, first, last]
        )
        guard isAny == true else { return nil }
        return try StandingMap(db, sink: sink, stream: stream, range: first...last)
    }

    /// The delivery states of events at a sink that has not received those in `lost`; nil for an event whose
    /// delivery is not in doubt.
    private static func standings(
        _ db: Database,
        _ events: [Noted],
        _ sink: SinkID,
        _ stream: StreamID,
        lost: Set<Int64>
    ) throws -> [DeliveryStanding?] {
        let seqs = events.map(\.seq)
        guard let first = seqs.min(), let last = seqs.max() else { return [] }
        let known = try standings(db, seqs, sink, stream)
        guard known != nil || !lost.isEmpty else { return events.map { _ in nil } }
        var map = try known ?? StandingMap(db, sink: sink, stream: stream, range: first...last)
        return seqs.map { seq in
            let standing = map.standing(of: seq)
            return standing == .waiting && lost.contains(seq) ? .lost : standing
        }
    }

    /// Those of these events that a receiver may not have read yet: the end of their connection will show it.
    ///
    /// They must stay, because otherwise they could not be sent again after an unclean end. A connection is
    /// reopened for the proof within minutes (`KernelDoubt.reopenAfter`).
    static func pending(_ db: Database, _ seqs: [Int64], of stream: StreamID) throws -> Set<Int64> {
        var found: Set<Int64> = []
        for sink in try sinks(db, of: stream) {
            guard var map = try standings(db, seqs, sink, stream) else { continue }
            found.formUnion(seqs.filter { map.standing(of: $0) == .pending })
        }
        return found
    }

    /// Hashes of deleted events of a stream in a time range, both ends inclusive.
    static func hashes(_ db: Database, of stream: StreamID, from: Int64, through: Int64) throws -> Set<UInt64>
    {
        var found: Set<UInt64> = []
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT ids FROM pruned INDEXED BY pruned_time
                WHERE stream_id = ? AND to_ms >= ? AND from_ms <= ? AND sink_id IS NULL
                """,
            arguments: [stream.value, from, through]
        )
        while let row = try rows.next() { found.formUnion(split(row[0])) }
        return found
    }

    /// Names of the sinks that had not received a deleted event of a stream and a time.
    static func sinks(_ db: Database, thatLost hash: UInt64, of stream: StreamID, at time: Int64) throws
        -> [String]
    {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT k.name, p.ids FROM pruned p INDEXED BY pruned_time JOIN sink k ON k.id = p.sink_id
                WHERE p.stream_id = ? AND p.to_ms >= ? AND p.from_ms <= ? AND p.lost = 1 ORDER BY k.name
                """,
            arguments: [stream.value, time, time]
        )
        return rows.filter { split($0[1]).contains(hash) }.map { $0[0] }
    }

    static func split(_ bytes: Data) -> [UInt64] {
        stride(from: 0, to: bytes.count - width + 1, by: width).map { start in
            let first = bytes.startIndex + start
            return bytes[first..<first + width].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// Deletes ids that are older than any audit looks back, and the oldest ones above `maxBytes`.
    static func bound(_ db: Database, before times: [StreamID: Timestamp], maxBytes: Int64) throws {
        for (stream, time) in times {
            try forget(db, of: stream, "to_ms < ?", [time.milliseconds])
        }
        while try bytes(db) > maxBytes {
            let oldest = try Row.fetchOne(
                db,
                sql: """
                    SELECT stream_id, max(id) FROM (SELECT id, stream_id FROM pruned ORDER BY id LIMIT 100)
                    GROUP BY stream_id LIMIT 1
                    """
            )
            guard let oldest else { return }
            try forget(db, of: StreamID(oldest[0]), "id <= ?", [oldest[1]])
        }
    }

    private static func bytes(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(
            db,
            sql: "SELECT coalesce(sum(events), 0) * \(width) + count(*) * \(rowBytes) FROM pruned"
        ) ?? 0
    }

    private static func forget(_ db: Database, of stream: StreamID, _ which: String, _ value: [Int64]) throws
    {
        let newest = try Int64.fetchOne(
            db,
            sql: "SELECT max(to_ms) FROM pruned WHERE stream_id = ? AND \(which)",
            arguments: StatementArguments([stream.value] + value)
        )
        guard let newest else { return }
        try db.execute(
            sql: "DELETE FROM pruned WHERE stream_id = ? AND \(which)",
            arguments: StatementArguments([stream.value] + value)
        )
        try db.execute(
            sql: """
                UPDATE stream SET pruned_ids_from_ms = max(coalesce(pruned_ids_from_ms, ?1), ?1) WHERE id = ?2
                """,
            arguments: [newest + 1, stream.value]
        )
    }
}

/// What retention has deleted in the time range of a page, or at the time of an event.
struct PrunedPart {
    /// All deleted events are before this time, on the stream's basis; `Int64.min` while none were deleted.
    let to: Int64
    /// From here on `hashes` contains every deleted event of the range.
    private let completeFrom: Int64
    private let hashes: Set<UInt64>

    /// Limit for the ids of deleted events: a sixteenth of the spool's size, at most 64 MiB (8 million ids).
    static func maxBytes(ofSpool bytes: Int64) -> Int64 { bytes > 0 ? min(64 << 20, bytes / 16) : 64 << 20 }

    /// For a page's records.
    init(_ db: Database, _ commit: PageCommit) throws {
        try self.init(db, commit.stream, times: commit.page.records.lazy.map(\.event.created.milliseconds))
    }

    /// For events of these times; hashes are read only if events were deleted in their range.
    init(_ db: Database, _ stream: StreamID, times: some Sequence<Int64>) throws {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT pruned_to_ms, pruned_ids_from_ms FROM stream WHERE id = ?"),
            arguments: [stream.value]
        )
        to = row?[0] ?? .min
        completeFrom = row?[1] ?? .min
        let limit = to
        let old = times.filter { $0 < limit }
        guard let oldest = old.min(), let newest = old.max(), newest >= completeFrom else {
            hashes = []
            return
        }
        hashes = try PrunedIDs.hashes(db, of: stream, from: oldest, through: newest)
    }

    /// Whether an event was deleted; nil where its id would not be kept.
    func hasDeleted(_ id: String, at time: Int64) -> Bool? {
        time < completeFrom ? nil : hashes.contains(PrunedIDs.hash(id))
    }
}
