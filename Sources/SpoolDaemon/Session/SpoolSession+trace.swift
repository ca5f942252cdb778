import SpoolConfig
package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
package import SpoolStore

/// The answer of one source about a record, and why the record is not in the spool.
package struct TraceFinding: Sendable {
    package let source: SourceTrace
    /// Nil if the source does not have the record either, or could not be asked.
    package let verdict: TraceVerdict?
    package let coverage: StreamCoverage?
}

extension SpoolSession {
    /// The traces in the spool: events with this id at their source, or the one with this `seq`.
    package static func events(spool path: String, _ id: String) async throws(StoreError) -> [EventTrace] {
        try await Spool.openReadOnly(path: path).trace(id)
    }

    /// Asks the source of every stream for the record: through the daemon, within its budget, or directly
    /// without one.
    ///
    /// - Throws: `ControlFault`, `StoreError`, or without a daemon `ConfigurationFault` for a secret that
    ///   cannot be read; answers and faults of sources are in the findings.
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
        // The budget of a tenant may be exhausted for a minute.
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
