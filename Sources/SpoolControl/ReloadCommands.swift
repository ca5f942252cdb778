/// Makes the daemon reload its configuration; the answer is sent when the reload has succeeded or was
/// rejected.
package struct ReloadNow: ControlCommand, Equatable {
    package typealias Answer = ReloadReport
    package static let path = "/control/reload"

    package init() {}
}

/// The result of a reload.
package struct ReloadReport: Codable, Sendable, Equatable {
    /// A part of the configuration that was changed by the reload.
    package struct Change: Codable, Sendable, Equatable {
        /// The kind of change.
        package enum Kind: String, Codable, Sendable {
            case added, changed, removed
        }

        /// `source contoso`, `sink siem`, or the key of a group: `notifications`.
        package let subject: String
        package let change: Kind

        package init(_ subject: String, _ change: Kind) {
            self.subject = subject
            self.change = change
        }
    }

    /// The path of the file that the daemon reads.
    package var configuration: String
    /// False if the reload was rejected: the daemon then keeps its previous configuration.
    package var isReloaded: Bool
    /// The reasons for a rejection, with their positions in the file if known; empty after success.
    package var problems: [String] = []
    /// In the order of the file: sources, sinks, then the other groups; empty when nothing has changed.
    package var changes: [Change] = []
    /// The warnings of `spool check`, and those of the spool: sinks that are held, settings without effect.
    package var warnings: [String] = []

    package init(configuration: String, isReloaded: Bool) {
        self.configuration = configuration
        self.isReloaded = isReloaded
    }

    private enum CodingKeys: String, CodingKey {
        case configuration, problems, changes, warnings
        case isReloaded = "reloaded"
    }
}
