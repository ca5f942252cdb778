import GRDB
package import SpoolCore
import Synchronization

/// Ids of events that retention has deleted in one transaction.
package struct PrunedSlice: Sendable {
    /// Its row in `pruned`.
    package let row: Int64
    /// Nil for the deleted events themselves; otherwise the events whose delivery to this sink was doubtful,
    /// or that it has lost.
    package let sink: SinkID?
    /// True for events that were deleted before the sink had received them.
    let isLost: Bool
    /// `PrunedIDs.hash` of each id.
    let hashes: [UInt64]
}

/// Finds which of the ids missing from the spool were deleted by retention.
extension ProofScratch {
    /// Ids that the source shows and the spool does not have, by explanation.
    package struct SetAside: Sendable, Equatable {
        /// Deleted by retention.
        package var deleted = 0
        /// Older than the ids that are kept: either deleted or never fetched.
        package var unprovable = 0
        /// How many of the deleted ones were doubtful at each sink.
        package var doubtful: [Int]
        /// How many of the deleted ones each sink has lost.
        package var lost: [Int]
    }

    /// Adds the ids that retention has deleted since the last call.
    package func addDeleted(
        by spool: Spool,
        _ stream: StreamID,
        from: Timestamp,
        _ targets: [ProofTarget]
    ) async throws(StoreError) {
        let sinks = Dictionary(uniqueKeysWithValues: targets.enumerated().map { ($1.sink, $0) })
        while true {
            let row = lastPruned.withLock { $0 }
            let slices = try await spool.prunedIDs(of: stream, from: from, after: row)
            guard let last = slices.last else { return }
            try checkRoom()
            try await run { db in
                let statement = try db.cachedStatement(
                    sql: "INSERT OR IGNORE INTO deleted (hash, sink, lost) VALUES (?, ?, ?)"
                )
                for slice in slices {
                    let sink = slice.sink.map { sinks[$0] } ?? Self.anySink
                    guard let sink else { continue }
                    for hash in slice.hashes {
                        try statement.execute(arguments: [Int64(bitPattern: hash), sink, slice.isLost])
                    }
                }
            }
            lastPruned.withLock { $0 = last.row }
        }
    }

    private static let anySink: Int? = -1

    /// Sets aside ids that the spool does not have and that retention may have deleted; they are no longer
    /// unknown.
    ///
    /// - Parameters:
    ///   - time: all events that retention has deleted are older.
    ///   - idsFrom: from here on every deleted id was added before (`addDeleted`).
    ///   - window: the beginning of the window; a record without its own time is later.
    ///   - sinks: how many sinks are compared.
    /// - Returns: how many ids were set aside, and why.
    /// - Throws: when its file cannot be used.
    package func setAside(before time: Timestamp, idsFrom: Timestamp?, window: Timestamp, sinks: Int)
        async throws(StoreError) -> SetAside
    {
        var (found, after) = (SetAside(sinks: sinks), "")
        while case let unknown = try await unknown(after: after), let last = unknown.last {
            after = last.id
            let old = unknown.filter { $0.time.map { $0 < time } ?? true }
            guard !old.isEmpty else { continue }
            let part = try await run { db in
                try Self.setAside(old, idsFrom: idsFrom, window: window, sinks: sinks, db)
            }
            found.deleted += part.deleted
            found.unprovable += part.unprovable
            for index in 0..<sinks {
                found.doubtful[index] += part.doubtful[index]
                found.lost[index] += part.lost[index]
            }
        }
        return found
    }

    /// What is known of an event that was deleted after a sink was found not to have it.
    static func standing(ofDeleted id: String, at sink: Int, _ db: Database) throws -> DeliveryStanding? {
        let statement = try db.cachedStatement(sql: "SELECT lost FROM deleted WHERE hash = ? AND sink = ?")
        let hash = Int64(bitPattern: PrunedIDs.hash(id))
        return try Bool.fetchOne(statement, arguments: [hash, sink]).map { $0 ? .lost : .doubtful }
    }

    private static func setAside(
        _ ids: [Unknown],
        idsFrom: Timestamp?,
        window: Timestamp,
        sinks: Int,
        _ db: Database
    ) throws -> SetAside {
        let deleted = try db.cachedStatement(sql: "SELECT 1 FROM deleted WHERE hash = ? AND sink = ?")
        let mark = try db.cachedStatement(sql: "UPDATE mark SET spool = ? WHERE id = ?")
        let lack = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO lack (sink, id, seq, standing) VALUES (?, ?, NULL, ?)"
        )
        var found = SetAside(sinks: sinks)
        for one in ids {
            let hash = Int64(bitPattern: PrunedIDs.hash(one.id))
            if try Int.fetchOne(deleted, arguments: [hash, anySink]) != nil {
                found.deleted += 1
                try mark.execute(arguments: [-2, one.id])
                for sink in 0..<sinks {
                    guard let standing = try standing(ofDeleted: one.id, at: sink, db) else { continue }
                    if standing == .lost { found.lost[sink] += 1 } else { found.doubtful[sink] += 1 }
                    try lack.execute(arguments: [sink, one.id, standing.rawValue])
                }
            } else if let idsFrom, one.time ?? window < idsFrom {
                found.unprovable += 1
                try mark.execute(arguments: [-1, one.id])
            }
        }
        return found
    }
}

extension ProofScratch.SetAside {
    init(sinks: Int) {
        doubtful = Array(repeating: 0, count: sinks)
        lost = doubtful
    }
}
