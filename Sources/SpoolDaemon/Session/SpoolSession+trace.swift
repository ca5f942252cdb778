import SpoolConfig
package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
package import SpoolStore

/// What one source says of a record, with why the spool does not have it.
package struct TraceFinding: Sendable {
    package let source: SourceTrace
    /// Nil where the source does not have it either, or could not be asked.
    package let verdict: TraceVerdict?
    package let coverage: StreamCoverage?
}

extension SpoolSession {
    /// The spool's own story: events of this id at their source, or the one of this `seq`.
    package static func events(spool path: String, _ id: String) async throws(StoreError) -> [EventTrace] {
        try await Spool.openReadOnly(path: path).trace(id)
    }

    /// Asks every stream's source for the record: through the daemon, within its budget, or directly without one.
    ///
    /// - Throws: `ControlFault`, `StoreError`, or without a daemon `ConfigurationFault` for a secret that cannot be
    ///   read; what a source says, faults too, is in the findings.
    package static func trace(_ composition: Composition, _ id: String) async throws -> [TraceFinding] {
        let spool = try Spool.openReadOnly(path: composition.spool.path)
        var findings: [TraceFinding] = []
        for trace in try await answers(composition, id) {
            guard trace.isKnown == true, let moment = trace.created else {
                findings.append(TraceFinding(source: trace, verdict: nil, coverage: nil))
                continue
            }
            let coverage = try await spool.coverage(of: trace.stream, at: moment, id: id)
            let stream = composition.sources.flatMap(\.content.streams).first { $0.name == trace.stream }
            let sweepsBack = stream.map { $0.sweepsBack ? $0.lookBack : .zero } ?? .zero
            let verdict = TraceVerdict(trace, coverage, at: moment, sweepsBack: sweepsBack)
            findings.append(TraceFinding(source: trace, verdict: verdict, coverage: coverage))
        }
        return findings
    }

    private static func answers(_ composition: Composition, _ id: String) async throws -> [SourceTrace] {
        // A tenant's budget may be used up for a minute.
        let (client, holder) = try await find(composition.spool.path, timeout: .minutes(5))
        if holder?.role == .daemon { return try await client.send(TraceAtSource(id)) }
        var found: [SourceTrace] = []
        for source in try composition.withSecrets().sources.map(\.content) {
            for stream in source.streams {
                found.append(await SourceInquiry(source: source, stream: stream, turn: { true }).run(id))
            }
            await source.shutDown()
        }
        return found
    }
}
