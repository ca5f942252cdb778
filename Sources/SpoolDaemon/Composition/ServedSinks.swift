import Hummingbird
import SpoolConfig
import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
import SpoolStore

/// The sinks that a running daemon is connected to with the settings of this configuration.
package enum ServedSinks {
    /// Asks the daemon of a configuration's spool.
    ///
    /// - Returns: for each such sink what the daemon says, a sentence without a full stop; empty when no daemon answers
    ///   within a few seconds.
    package static func ask(_ composition: Composition) async -> [SinkName: String] {
        let client = ControlClient(ControlSocket(spool: composition.spool.path), timeout: .seconds(5))
        // Whatever is wrong with the daemon, sinks are then examined without it.
        guard let connected = try? await client.send(ShowConnections()) else { return [:] }
        let now = SystemTime.now()
        let settings = composition.sinkSettings
        return Dictionary(
            connected.filter { settings[$0.sink] == $0.settings }.map { ($0.sink, words($0, at: now)) }
        ) { first, _ in first }
    }

    private static func words(_ sink: ConnectedSink, at now: Timestamp) -> String {
        let settled =
            sink.lastSettled.map { "last settled \(Age.text(max(.zero, now.since($0)))) ago" }
            ?? "nothing was sent yet"
        return "the daemon is connected to \(sink.address), \(settled)"
    }
}

extension ControlRoutes {
    /// What checks ask before they connect to anything.
    func addConnections(to router: Router<BasicRequestContext>) {
        on(ShowConnections.self, router) { _ in try await engine.connectedSinks(of: reporter.current.value) }
    }
}

extension Engine {
    /// The sinks with an open connection that are in no trouble.
    ///
    /// The state alone is that of the run before until the first attempt, and outlasts a connection.
    func connectedSinks(of composition: Composition) async throws(StoreError) -> [ConnectedSink] {
        let (addresses, settings) = (composition.addresses, composition.sinkSettings)
        let now = time.wall()
        let open = try await spool.connectedSinks()
        return try await spool.status().sinks.compactMap { sink in
            guard open.contains(sink.id), sink.troubleSince == nil,
                SinkWord.of(sink, notifications, at: now) == "connected",
                let address = addresses[sink.name], let settings = settings[sink.name]
            else { return nil }
            return ConnectedSink(
                sink: sink.name,
                address: address,
                settings: settings,
                lastSettled: sink.lastSuccess
            )
        }
    }
}
