import SpoolControl
import SpoolCore

/// Makes the status report of a running daemon.
struct StatusReporter: Sendable {
    let engine: Engine
    let addresses: [SinkName: String]
}
