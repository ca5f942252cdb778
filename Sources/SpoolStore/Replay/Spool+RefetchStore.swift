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
