import SpoolCore
import SpoolPipeline
import SpoolStore

/// Mends what a comparison found missing: what was never fetched is fetched and goes live; what a sink misses is
/// replayed, exactly that, but for what its live lane has still to send.
struct StreamRepair: Sendable {
    /// One replay takes so many events; more need several.
    static let most = 100_000

    let comparison: StreamComparison

    /// Reads the hours of what was never fetched again, into the spool.
    ///
    /// - Returns: how many of the missing the spool has now.
    func fetch(stop: Stop) async throws(VerificationFault) -> Int {
        let (engine, stream) = (comparison.engine, comparison.stream.name)
        guard let appender = engine.pageAppender(of: stream) else { throw .window(.changed(stream)) }
        let parts = try await comparison.storing { () async throws(StoreError) in
            try await comparison.partsOfUnknown()
        }
        for part in parts {
            comparison.tell("fetching what was never fetched, from \(part.lowerBound) to \(part.upperBound)")
            _ = try await comparison.read(part, into: appender, stop: stop)
        }
        return try await comparison.storing { () async throws(StoreError) in
            var (count, after) = (0, "")
            while case let unknown = try await comparison.scratch.unknown(after: after),
                let last = unknown.last
            {
                count += try await engine.spool.known(unknown.map(\.id), of: comparison.id).count
                after = last.id
            }
            return count
        }
    }

    /// Makes replays of what a sink does not have and its live lane will not send.
    func replay(_ index: Int) async throws(VerificationFault) -> [ReplayID] {
        let engine = comparison.engine
        let target = comparison.targets[index]
        let replays = try await comparison.storing { () async throws(StoreError) in
            var replays: [ReplayID] = []
            var (seqs, after): ([Seq], String) = ([], "")
            while case let lacks = try await comparison.scratch.lacks(of: index, after: after),
                let last = lacks.last
            {
                after = last.id
                seqs += lacks.filter { $0.standing.cause != nil && $0.standing != .waiting }.map(\.seq)
                guard seqs.count >= Self.most else { continue }
                replays.append(
                    try await engine.spool.requeue(seqs, to: target.name, at: engine.time.wall()).id
                )
                seqs = []
            }
            if !seqs.isEmpty {
                replays.append(
                    try await engine.spool.requeue(seqs, to: target.name, at: engine.time.wall()).id
                )
            }
            return replays
        }
        engine.lanesChanged.notify()
        return replays
    }
}
