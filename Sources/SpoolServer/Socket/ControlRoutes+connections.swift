import Hummingbird
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore

extension ControlRoutes {
    /// Routes that checks use before they connect to anything.
    func addConnections(to router: Router<BasicRequestContext>) {
        on(ShowConnections.self, router) { _ in try await engine.connectedSinks(of: reporter.current.value) }
    }
}

extension Engine {
    /// The sinks with an open connection and no error.
    ///
    /// The state alone is not sufficient: before the first attempt it is that of the previous run, and it
    /// remains after a connection is closed.
    func connectedSinks(of composition: Composition) async throws(StoreError) -> [ConnectedSink] {
        let (addresses, settings) = (composition.addresses, composition.sinkSettings)
        let now = time.wall()
        let open = try await spool.connectedSinks()
        return try await spool.status().sinks.compactMap { sink in
            guard open.contains(sink.id), sink.troubleSince == nil,
                SinkCondition.of(sink, notifications, at: now) == "connected",
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
