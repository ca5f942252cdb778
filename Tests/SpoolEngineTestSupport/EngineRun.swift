import Logging
import SpoolConfig
import SpoolCore
import SpoolSimulator
import SpoolStore
import SpoolTestSupport

@testable import SpoolEngine

/// The daemon's engine with a configuration file, in simulated time.
struct EngineRun {
    let bench: PortalBench
    let spool: Spool
    let engine: Engine
    let run: FetchRun

    /// The configuration file: sources with their keys, and no sinks.
    static func yaml(
        _ sources: [(name: String, keys: String)],
        retention: String = "30d",
        audit: String = "off"
    ) -> String {
        """
        spool: { path: ./spool.db, retention: { age: \(retention) } }
        audit: \(audit)
        sources:
        \(sources.map { "  - { name: \($0.name), type: defender-cloud-apps, \($0.keys) }" }.joined(separator: "\n"))
        sinks: []
        """
    }

    /// Replaces the configuration, as a reload does.
    func reload(_ yaml: String, environment: [String: String]) async throws {
        try await engine.apply(Self.composition(yaml, bench, environment))
    }

    /// Runs an engine concurrently with `body`; `loops` is the number of its loops that sleep when idle.
    static func with<Result: Sendable>(
        _ bench: PortalBench,
        _ yaml: String,
        environment: [String: String] = ["TOKEN": Credentials.defaultToken],
        loops: Int,
        _ body: (EngineRun) async throws -> Result
    ) async throws -> Result {
        try await bench.withSpool { spool in
            let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let engine = Engine(spool: spool, time: bench.time, savesState: false, logger: quiet)
            let run = FetchRun(bench: bench, spool: spool, sleepers: loops)
            let result: Swift.Result<Result, any Error>
            do {
                try await engine.apply(composition(yaml, bench, environment))
                result = .success(
                    try await body(EngineRun(bench: bench, spool: spool, engine: engine, run: run))
                )
            } catch {
                result = .failure(error)
            }
            await engine.stop()
            return try result.get()
        }
    }

    private static func composition(
        _ yaml: String,
        _ bench: PortalBench,
        _ environment: [String: String]
    ) throws -> Composition {
        let path = try bench.folder.write(yaml, to: "spool.yaml")
        return try Composition.read(path: path, environment: environment, hostName: "host")
    }
}
