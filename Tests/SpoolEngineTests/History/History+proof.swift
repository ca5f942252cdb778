import SpoolCore

@testable import SpoolEngine
@testable import SpoolStore

/// Proofs of a history's whole window, made by the spool's code, and their invariants.
extension History {
    /// The result of a proof.
    struct Found {
        var proof: Proof
        var neverFetched: [String] = []
        var lacking: [Seq] = []
    }

    /// Compares source, spool and ledger, as `StreamComparison` does.
    func prove() async throws -> Found {
        let window = Self.begin..<now
        let targets = try await spool.proofTargets(of: stream)
        let scratch = try ProofScratch(beside: spool.path)
        defer { scratch.close() }
        var found = ProofStream(name: Self.name, kind: .activity, filterHash: "f")
        found.compared = TimeWindow(from: window.lowerBound, to: window.upperBound)
        found.sinks = targets.map { ProofSink($0.name) }
        try await scratch.addSource(source.map { .init(id: $0.id, time: $0.saved) })
        var place: ProofSlice.Place? = .init(from: window.lowerBound)
        while let at = place {
            let slice = try await spool.proofSlice(of: stream, at: at, to: window.upperBound, targets)
            try await scratch.addSpooled(slice.rows)
            for row in slice.rows {
                for (index, standing) in row.standings.enumerated() {
                    found.sinks[index].count(standing, by: 1)
                }
                check(row)
            }
            place = slice.next
        }
        let bounds = try await spool.proofBounds(of: stream)
        if let prunedTo = bounds.prunedTo {
            try await scratch.addDeleted(by: spool, stream, from: window.lowerBound, targets)
            let aside = try await scratch.setAside(
                before: prunedTo,
                idsFrom: bounds.prunedIDsFrom,
                window: window.lowerBound,
                sinks: targets.count
            )
            (found.pruned, found.noLongerProvable) = (aside.deleted, aside.unprovable)
            for (index, doubtful) in aside.doubtful.enumerated() { found.sinks[index].doubtful += doubtful }
        }
        var result = Found(proof: proof())
        result.neverFetched = try await scratch.unknown(after: "").map(\.id)
        found.neverFetched = result.neverFetched.count
        var hashes = ListHashes(sinks: targets.count)
        let lists = try await scratch.lists(after: "", sinks: targets.count)
        hashes.add(lists)
        found.events = hashes.counts.all
        (found.source, found.spool) = (hashes.sourceList, hashes.spoolList)
        for index in targets.indices {
            found.sinks[index].delivered = hashes.sinkList(index)
            let lacks = try await scratch.lacks(of: index, after: "")
            result.lacking += lacks.filter { $0.standing.cause != nil && $0.standing != .waiting }.compactMap(
                \.seq
            )
            check(String(decoding: lists.sinks[index], as: UTF8.self), of: targets[index])
        }
        result.proof.streams = [found]
        check(result.proof)
        return result
    }

    private func proof() -> Proof {
        Proof(
            id: 1,
            reason: .command,
            request: VerifyRequest(from: Self.begin, to: now),
            state: .done,
            version: "1",
            started: now
        )
    }

    /// Events that the ledger calls proved to be read have been read.
    private func check(_ row: ProofSlice.Row) {
        let isProved = row.standings.contains { $0 == .kernel || $0 == .acknowledged }
        if isProved, !receiver.read.contains(row.id) {
            found("proved to be delivered, and never read: \(row.id)")
        }
    }

    /// Events that a proof calls delivered have been read, or may still be read over the open connection.
    private func check(_ delivered: String, of target: ProofTarget) {
        let ids = Set(delivered.split(separator: "\n").map(String.init))
        let claimed = ids.subtracting(receiver.read).subtracting(receiver.unread)
        if !claimed.isEmpty { found("delivered at \(target.name), and never read: \(claimed.sorted())") }
    }

    /// A proof is never `complete` while the receiver lacks a record of the source.
    private func check(_ proof: Proof) {
        guard proof.isComplete else { return }
        let lacking = Set(source.map(\.id)).subtracting(receiver.read)
        if !lacking.isEmpty { found("complete, and never read: \(lacking.sorted())") }
    }

    /// Fetches records that were never fetched, and replays events that the sink does not have.
    func repair() async throws {
        let found = try await prove()
        let missing = Set(found.neverFetched)
        try await fetch(source.filter { missing.contains($0.id) }, .refetch)
        if !found.lacking.isEmpty {
            let (replay, deleted) = try await spool.requeueKept(
                found.lacking,
                to: SinkName(sinkName),
                at: wall
            )
            note("repair: \(missing.count) fetched, \(replay?.total ?? 0) replayed, \(deleted) deleted")
        }
        wakeLoop()
    }
}
