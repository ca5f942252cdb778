import GRDB
import SpoolCore

/// What retention has deleted in the time range of a page.
struct PrunedPart {
    /// All deleted events are before this time, on the stream's basis; `Int64.min` while none were deleted.
    let to: Int64
    /// From here on `hashes` contains every deleted event in the page's time range.
    private let completeFrom: Int64
    private let hashes: Set<UInt64>

    /// Limit for the ids of deleted events: a sixteenth of the spool's size, at most 64 MiB (8 million ids).
    static func maxBytes(ofSpool bytes: Int64) -> Int64 { bytes > 0 ? min(64 << 20, bytes / 16) : 64 << 20 }

    /// Reads hashes only if the page has records from a time in which events were deleted.
    init(_ db: Database, _ commit: PageCommit) throws {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT pruned_to_ms, pruned_ids_from_ms FROM stream WHERE id = ?"),
            arguments: [commit.stream.value]
        )
        to = row?[0] ?? .min
        completeFrom = row?[1] ?? .min
        let limit = to
        let old = commit.page.records.map(\.event.created.milliseconds).filter { $0 < limit }
        guard let oldest = old.min(), let newest = old.max(), newest >= completeFrom else {
            hashes = []
            return
        }
        hashes = try PrunedIDs.hashes(db, of: commit.stream, from: oldest, through: newest)
    }

    /// False for an event that was certainly never in the spool.
    func mayHaveDeleted(_ event: Event) -> Bool {
        event.created.milliseconds < completeFrom || hashes.contains(PrunedIDs.hash(event.externalID))
    }
}
