import GRDB
package import SpoolCore
import Synchronization

extension Spool: RefetchStore {
    package func append(_ commit: PageCommit, of replay: ReplayID) async throws(StoreError) -> PageReceipt {
        do throws(StoreError) {
            // As for every page, the space that settling and pruning need is not used.
            guard reserve.isWhole else { throw StoreError.diskFull(path) }
            let receipt = try await write(mayUseReserve: false) { db in
                _ = try Refetches.unfinished(db, replay)
                let receipt = try PageAppend.run(db, commit)
                let recovered = try OwnStream.insert(db, commit, window: receipt.window, of: replay)
                try Refetches.change(db, commit.stream, of: replay) { part in
                    part.seen += commit.page.records.count
                    part.inserted += receipt.inserted
                    part.recovered += recovered
                }
                return receipt
            }
            if receipt.inserted > 0 { waitingFloors.withLock { $0.note(commit) } }
            return receipt
        } catch {
            if error.kind == .full { pauseGate.withLock { $0.diskWasFull() } }
            throw error
        }
    }

    package func keep(
        _ place: Refetch.Place?,
        of stream: StreamID,
        _ replay: ReplayID
    ) async throws(StoreError) {
        try await write { db in try Refetches.change(db, stream, of: replay) { $0.place = place } }
    }

    package func note(_ trouble: String?, ofRefetch replay: ReplayID) async throws(StoreError) {
        try await write { db in
            var refetch = try Refetches.unfinished(db, replay)
            guard refetch.trouble != trouble else { return }
            refetch.trouble = trouble
            try Refetches.keep(db, refetch, of: replay)
        }
    }

    package func giveUp(
        _ replay: ReplayID,
        because reason: String,
        at now: Timestamp
    ) async throws(StoreError) {
        try await write { db in
            guard var refetch = try Refetches.pending(db, replay) else { return }
            refetch.trouble = nil
            try Refetches.keep(db, refetch, of: replay)
            try db.execute(
                sql: "UPDATE replay SET reason = ? WHERE id = ?",
                arguments: [reason, replay.value]
            )
            try Self.move(db, replay, to: .cancelled, at: now)
        }
    }

    package func fix(_ replay: ReplayID) async throws(StoreError) {
        let (request, sink) = try await read { db in
            let found = try Self.one(db, replay)
            var request = found.request
            // The streams were fixed when the replay was created.
            request.streams = found.streams.map(\.name)
            return (request, request.destination == nil ? found.sinkID : nil)
        }
        let target = try await read { try ReplayTarget($0, request) }
        let own = try await read { try OwnStream.all($0, of: replay) }
        let plans = try await plans(request, sink: sink, target.subscriptions + own)
        try await write { db in
            var refetch = try Refetches.unfinished(db, replay)
            guard refetch.parts.allSatisfy(\.isComplete) else {
                throw StoreError(.invalid, "Replay \(replay) has not refetched its whole window yet.")
            }
            refetch.isFixed = true
            refetch.trouble = nil
            try Refetches.keep(db, refetch, of: replay)
            for plan in plans { try ReplayRows.add(db, replay, plan) }
            let sum = plans.map(\.estimate).reduce(ReplayEstimate(), +)
            try db.execute(
                sql: "UPDATE replay SET total = ?, skipped = ? WHERE id = ?",
                arguments: [sum.toSend, sum.inWindow - sum.toSend, replay.value]
            )
        }
    }
}

/// `replay.scan`: the progress of a replay's refetch of its window from the source.
enum Refetches {
    /// The refetch that has to be completed before the events of a replay of these streams are fixed.
    ///
    /// It omits streams without a source: those that are no longer configured, and the spool's own
    /// notifications.
    static func begin(_ db: Database, _ request: ReplayRequest, _ streams: [StreamID]) throws -> Refetch {
        let parts = try streams.compactMap { stream -> Refetch.Part? in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: "SELECT name, kind, is_configured FROM stream WHERE id = ?",
                    arguments: [stream.value]
                )
            else { throw StoreError(.invalid, "The spool has no stream \(stream).") }
            let name = try Names.stream(row[0])
            guard row[2], name != .notifications else { return nil }
            let isSavedLater = row[1] == EventKind.activity.rawValue && request.basis == .occurred
            return Refetch.Part(
                stream: stream,
                name: name,
                from: request.from,
                to: isSavedLater ? request.to + Refetch.savedAfter : request.to
            )
        }
        return Refetch(parts: parts)
    }

    /// The refetch of a replay whose refetch is not finished; throws `.invalid` for any other replay.
    static func unfinished(_ db: Database, _ id: ReplayID) throws -> Refetch {
        guard let refetch = try pending(db, id) else {
            throw StoreError(.invalid, "Replay \(id) has ended, or does not refetch from the source.")
        }
        return refetch
    }

    /// The refetch of a replay whose refetch is not finished; nil for any other replay.
    static func pending(_ db: Database, _ id: ReplayID) throws -> Refetch? {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT state, scan FROM replay WHERE id = ?"),
            arguments: [id.value]
        )
        guard let row, Replay.State(rawValue: row[0])?.isUnfinished == true,
            let text = row[1] as String?
        else { return nil }
        let refetch = try JSONColumn.value(Refetch.self, text) ?? again(db, id)
        return refetch.isFixed ? nil : refetch
    }

    /// The refetch of a replay whose `scan` cannot be decoded, from its beginning: pages may be fetched
    /// again.
    static func again(_ db: Database, _ id: ReplayID) throws -> Refetch {
        let row = try Row.fetchOne(
            db,
            sql: "SELECT basis, from_ms, to_ms FROM replay WHERE id = ?",
            arguments: [id.value]
        )
        guard let row, let basis = ReplayBasis(rawValue: row[0]) else { return Refetch(parts: []) }
        let streams = try Int64.fetchAll(
            db,
            sql: """
                SELECT s.stream_id FROM replay_stream s JOIN stream t ON t.id = s.stream_id
                WHERE s.replay_id = ? AND t.replay_id IS NULL ORDER BY s.stream_id
                """,
            arguments: [id.value]
        )
        let request = ReplayRequest(
            sink: SinkName(""),
            from: Timestamp(milliseconds: row[1]),
            to: Timestamp(milliseconds: row[2]),
            basis: basis,
            refetch: true
        )
        return try begin(db, request, streams.map { StreamID($0) })
    }

    static func keep(_ db: Database, _ refetch: Refetch, of id: ReplayID) throws {
        try db.cachedStatement(sql: "UPDATE replay SET scan = ? WHERE id = ?")
            .execute(arguments: [try JSONColumn.text(refetch), id.value])
    }

    /// Changes one stream's part and clears the error, because the source has responded.
    static func change(
        _ db: Database,
        _ stream: StreamID,
        of id: ReplayID,
        _ body: (inout Refetch.Part) -> Void
    ) throws {
        var refetch = try unfinished(db, id)
        guard let index = refetch.parts.firstIndex(where: { $0.stream == stream }) else {
            throw StoreError(.invalid, "Replay \(id) does not refetch stream \(stream).")
        }
        body(&refetch.parts[index])
        refetch.trouble = nil
        try keep(db, refetch, of: id)
    }
}
