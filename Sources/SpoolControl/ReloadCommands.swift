/// Has the daemon read its configuration again; the answer comes when the reload has been carried out or refused.
package struct ReloadNow: ControlCommand, Equatable {
    package typealias Answer = ReloadReport
    package static let path = "/control/reload"

    package init() {}
}

/// What came of a reload.
package struct ReloadReport: Codable, Sendable, Equatable {
    /// A part of the configuration that the reload has changed.
    package struct Change: Codable, Sendable, Equatable {
        /// What became of it.
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

    /// The file, as the daemon names it.
    package var configuration: String
    /// False when it was refused: then the daemon runs with the configuration from before.
    package var isReloaded: Bool
    /// Why it was refused, each cause with its place in the file where it has one; empty when it was carried out.
    package var problems: [String] = []
    /// In the order of the file: sources, sinks, then the other groups; empty when nothing has changed.
    package var changes: [Change] = []
    /// What `spool check` warns of, and what the spool has to say: sinks that are held, settings without effect.
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
