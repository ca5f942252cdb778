package import SpoolCore

/// Asks the daemon which sinks it is connected to, so that a check opens no second connection to a receiver
/// that may accept only one.
package struct ShowConnections: ControlCommand, Equatable {
    package typealias Answer = [ConnectedSink]
    package static let path = "/control/connections"

    package init() {}
}

/// A sink that the daemon is connected to and that has no error.
package struct ConnectedSink: Codable, Sendable, Equatable {
    package let sink: SinkName
    /// As `status` shows it.
    package let address: String
    /// Identifies the settings that the daemon uses; settings from another file may need a connection of
    /// their own.
    package let settings: String
    /// Time of the last settlement; nil before the first one.
    package let lastSettled: Timestamp?

    package init(sink: SinkName, address: String, settings: String, lastSettled: Timestamp?) {
        self.sink = sink
        self.address = address
        self.settings = settings
        self.lastSettled = lastSettled
    }

    private enum CodingKeys: String, CodingKey {
        case sink, address, settings
        case lastSettled = "last_settled_ms"
    }
}
