import SpoolConfig
import SpoolControl
package import SpoolCore
package import SpoolEngine

/// The sinks that a running daemon is connected to with the settings of this configuration.
package enum ServedSinks {
    /// Asks the daemon that holds the spool of a configuration.
    ///
    /// - Returns: the daemon's answer for each such sink, a sentence without a full stop; empty if no daemon
    ///   answers within a few seconds.
    package static func ask(_ composition: Composition) async -> [SinkName: String] {
        let client = ControlClient(ControlSocket(spool: composition.spool.path), timeout: .seconds(5))
        // If the daemon fails to answer, the sinks are checked without it.
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
            ?? "nothing has been sent yet"
        return "the daemon is connected to \(sink.address), \(settled)"
    }
}
