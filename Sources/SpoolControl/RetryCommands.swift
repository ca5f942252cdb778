package import SpoolCore

/// Ends the waits before the next attempts of one sink, or of all sinks and sources: they try now.
package struct RetryNow: ControlCommand, Equatable {
    package static let path = "/control/retry"

    /// What was done.
    package struct Answer: Codable, Sendable, Equatable {
        package let sinks: [Part]
        package let sources: [Part]

        package init(sinks: [Part], sources: [Part]) {
            self.sinks = sinks
            self.sources = sources
        }
    }

    /// A sink or source that was asked to try now.
    package struct Part: Codable, Sendable, Equatable {
        package let name: String
        /// False when no attempt was due: it works, or an attempt was under way.
        package let wasWaiting: Bool

        package init(name: String, wasWaiting: Bool) {
            self.name = name
            self.wasWaiting = wasWaiting
        }

        private enum CodingKeys: String, CodingKey {
            case name
            case wasWaiting = "was_waiting"
        }
    }

    /// Nil: all sinks and sources.
    package let sink: SinkName?

    package init(sink: SinkName? = nil) { self.sink = sink }
}
