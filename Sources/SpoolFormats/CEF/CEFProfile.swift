/// Which of the two shapes of CEF is written, and how.
package struct CEFProfile: Sendable, Equatable {
    /// The device version in the header: parsers written for the old agent may look at it.
    package var agentVersion: String
    var shape: CEFShape

    /// The last version of the old agent that was seen.
    package static let lastAgentVersion = "0.298.168"

    /// `cef-agent`: byte for byte what the old agent wrote.
    package static func agent(
        version: String = lastAgentVersion,
        emptyPairs: Bool = true,
        alertRT: Bool = true
    ) -> Self {
        let shape = CEFShape(
            emptyPairs: emptyPairs,
            alertRT: alertRT,
            quotesLabel: true,
            cutsToDictionary: false,
            mapsSeverity: false
        )
        return Self(agentVersion: version, shape: shape)
    }

    /// `cef`: the same keys by the rules of the CEF dictionary.
    package static func clean(version: String = lastAgentVersion) -> Self {
        let shape = CEFShape(
            emptyPairs: false,
            alertRT: true,
            quotesLabel: false,
            cutsToDictionary: true,
            mapsSeverity: true
        )
        return Self(agentVersion: version, shape: shape)
    }
}

/// What the two shapes differ in; without texts, since it is copied for every event.
struct CEFShape: Sendable, Equatable {
    /// Keys without a value are written as `key=`, as the old agent did; otherwise they are left out.
    var emptyPairs: Bool
    /// Alerts carry `rt` as well, which receivers take for the event's time; the agent's first lines had none.
    var alertRT: Bool
    /// The label of `c6a1` stands in quotes, as the old agent wrote it.
    var quotesLabel: Bool
    /// Values are cut to the lengths of the CEF dictionary, `externalId` excepted: a cut id identifies nothing.
    var cutsToDictionary: Bool
    /// Alerts have their own severities; otherwise all have 3.
    ///
    /// 3 is the only severity known of the old agent's alerts, whatever the record's own was.
    var mapsSeverity: Bool
}
