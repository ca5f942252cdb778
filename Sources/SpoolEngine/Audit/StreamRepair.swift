import SpoolCore
import SpoolPipeline
import SpoolStore

/// Repairs what a comparison found missing: records that were never fetched are fetched and delivered live;
/// events that a sink is missing are replayed, except those that its live lane has yet to send.
struct StreamRepair: Sendable {
    /// The maximum number of events of one replay; more events need several replays.
    static let most = 100_000

    let comparison: StreamComparison

    /// True if there is something that this kind of repair can fix.
    func isNeeded(of found: ProofStream, _ repair: VerifyRequest.Repair) -> Bool {
        if repair != .none, found.neverFetched > 0 { return true }
        return repair == .all && found.sinks.contains { $0.missing > $0.waiting }
    }

    /// Runs the repair; each step is stored as soon as it is done, so that an interruption loses no result.
    func run(_ found: inout ProofStream, _ repair: VerifyRequest.Repair) async throws(VerificationFault) {
        if found.neverFetched > 0 { try await fetch(&found) }
        guard repair == .all else { return }
        for index in comparison.targets.indices where found.sinks[index].missing > found.sinks[index].waiting
        {
            try await replay(index, &found)
        }
    }

    /// Re-reads the hours of the never-fetched records into the spool, and counts how many the spool has
    /// afterwards.
    private func fetch(_ found: inout ProofStream) async throws(VerificationFault) {
        let (context, stream) = (comparison.context, comparison.stream.name)
        guard let appender = context.pageAppender(of: stream) else { throw .window(.changed(stream)) }
        let parts = try await comparison.storing { () async throws(StoreError) in
            try await comparison.partsOfUnknown()
        }
        var fault: VerificationFault?
        do throws(VerificationFault) {
            for part in parts {
                comparison.tell(
                    "fetching missing records, from \(part.lowerBound) to \(part.upperBound)"
                )
                _ = try await comparison.read(part, into: appender)
            }
        } catch {
            fault = error
        }
        found.fetched = try await countFetched()
        try await comparison.keep(found)
        if let fault { throw fault }
    }

    /// Counts the fetched records, even after a stop request: earlier pages are in the spool.
    private func countFetched() async throws(VerificationFault) -> Int {
        try await Verification.storing { () async throws(StoreError) in
            var (count, after) = (0, "")
            while case let unknown = try await comparison.scratch.unknown(after: after),
                let last = unknown.last
            {
                count += try await comparison.spool.known(unknown.map(\.id), of: comparison.id).count
                after = last.id
            }
            return count
        }
    }

    /// Creates replays of the events that a sink is missing and its live lane will not send.
    private func replay(_ index: Int, _ found: inout ProofStream) async throws(VerificationFault) {
        var (seqs, after): ([Seq], String) = ([], "")
        while let slice = try await comparison.lacks(of: index, after: after) {
            after = slice.last
            let lacks = slice.lacks.filter { $0.standing.cause != nil && $0.standing != .waiting }
            seqs += lacks.compactMap(\.seq)
            found.sinks[index].unrepairable += lacks.count { $0.seq == nil }
            guard seqs.count >= Self.most else { continue }
            try await replay(seqs, index, &found)
            seqs = []
        }
        if !seqs.isEmpty { try await replay(seqs, index, &found) }
    }

    private func replay(_ seqs: [Seq], _ index: Int, _ found: inout ProofStream)
        async throws(VerificationFault)
    {
        let (context, sink) = (comparison.context, comparison.targets[index].name)
        let (replay, deleted) = try await comparison.storing { () async throws(StoreError) in
            try await context.spool.requeueKept(seqs, to: sink, at: context.time.wall())
        }
        found.sinks[index].unrepairable += deleted
        if let replay {
            found.sinks[index].replays.append(replay.id)
            context.lanesChanged.notify()
        }
        try await comparison.keep(found)
    }
}
