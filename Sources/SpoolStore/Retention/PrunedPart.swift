import GRDB
import SpoolCore

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
