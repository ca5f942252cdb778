import SpoolCore
import SpoolPipeline
import SpoolStore

/// The proof of one stream: determines which part of the window can be compared, and for which sinks.
struct StreamVerification: Sendable {
    let parent: Verification
    let stream: SourceStream
    let request: VerifyRequest
    let record: ProofRecord

    /// Runs the proof; findings, repairs and missing events are stored in the record.
    func run(stop: ShutdownRequest) async throws(VerificationFault) {
        let spool = parent.context.spool
        var found = ProofStream(name: stream.name, kind: stream.kind, filterHash: stream.filterHash)
        guard let id = parent.context.sources.access(to: stream.name)?.id else {
            throw .window(.changed(stream.name))
        }
        let bounds = try await Verification.storing { () async throws(StoreError) in
            try await spool.proofBounds(of: id)
        }
        guard let window = window(bounds, &found) else {
            return try await Verification.storing { [found] () async throws(StoreError) in
                try await record.keep(found)
            }
        }
        found.compared = TimeWindow(from: window.lowerBound, to: window.upperBound)
        let all = try await Verification.storing { () async throws(StoreError) in
            try await spool.proofTargets(of: id)
        }
        let targets = all.filter { request.sinks?.contains($0.name.text) ?? true }
        found.notTaken = (request.sinks ?? []).filter { name in !all.contains { $0.name.text == name } }
        let scratch = try await Verification.storing { () async throws(StoreError) in
            try await spool.proofScratch(of: id, window, targets)
        }
        defer { scratch.close() }
        let comparison = StreamComparison(
            parent: parent,
            stream: stream,
            id: id,
            window: window,
            targets: targets,
            scratch: scratch,
            record: record,
            stop: stop
        )
        try await comparison.run(found, repair: request.repair)
    }

    /// The comparable window: from the stream's start to `swept_to`; an audit's window ends at `swept_to`.
    private func window(_ bounds: ProofBounds, _ found: inout ProofStream) -> Range<Timestamp>? {
        guard let start = bounds.start, let sweptTo = bounds.sweptTo else {
            found.tooEarlyFrom = request.from
            return nil
        }
        var asked = (from: request.from, to: request.to)
        if let audit = parent.audit {
            asked = (audit.from(sweptTo, of: stream.name.description), sweptTo)
        } else {
            if asked.to > sweptTo { found.tooEarlyFrom = max(asked.from, sweptTo) }
            if asked.from < start { found.start = start }
        }
        let (from, to) = (max(asked.from, start), min(asked.to, sweptTo))
        return from < to ? from..<to : nil
    }
}
