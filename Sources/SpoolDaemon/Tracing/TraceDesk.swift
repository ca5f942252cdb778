import SpoolConfig
package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
package import SpoolStore

/// Where `spool trace` gets one event's story: in the spool, and for what the spool has never seen, at the sources.
package enum TraceDesk {
    /// What one source says, with why the spool does not have it.
    package struct Finding: Sendable {
        package let source: SourceTrace
        /// Nil where the source does not have it either, or could not be asked.
        package let verdict: TraceVerdict?
        package let coverage: StreamCoverage?
    }

    /// The spool's own story: events of this id at their source, or the one of this `seq`.
    package static func events(spool path: String, _ id: String) async throws(StoreError) -> [EventTrace] {
        try await Spool.openReadOnly(path: path).trace(id)
    }

    /// Asks every stream's source for the record: through the daemon, within its budget, or directly without one.
    ///
    /// - Throws: `ControlFault`, `StoreError`, or without a daemon `ConfigurationFault` for a secret that cannot be
    ///   read; what a source says, faults too, is in the findings.
    package static func ask(_ composition: Composition, _ id: String) async throws -> [Finding] {
        let spool = try Spool.openReadOnly(path: composition.spool.path)
        var findings: [Finding] = []
        for trace in try await answers(composition, id) {
            guard trace.isKnown == true, let moment = trace.created else {
                findings.append(Finding(source: trace, verdict: nil, coverage: nil))
                continue
            }
            let coverage = try await spool.coverage(of: trace.stream, at: moment, id: id)
            let stream = composition.sources.flatMap(\.content.streams).first { $0.name == trace.stream }
            let sweepsBack = stream.map { $0.sweepsBack ? $0.lookBack : .zero } ?? .zero
            let verdict = TraceVerdict(trace, coverage, at: moment, sweepsBack: sweepsBack)
            findings.append(Finding(source: trace, verdict: verdict, coverage: coverage))
        }
        return findings
    }

    private static func answers(_ composition: Composition, _ id: String) async throws -> [SourceTrace] {
        let path = composition.spool.path
        // A tenant's budget may be used up for a minute.
        let client = ControlClient(ControlSocket(spool: path), timeout: .minutes(5))
        let holder = try await client.find { Spool.holder(ofSpoolAt: path) }
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
