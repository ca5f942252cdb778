package import SpoolCore

/// Makes one sink, or all sinks and sources, try again immediately instead of waiting for the next attempt.
package struct RetryNow: ControlCommand, Equatable {
    package static let path = "/control/retry"

    /// The sinks and sources that were asked.
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
        /// False when it was not waiting for a retry: it works, or an attempt was in progress.
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
