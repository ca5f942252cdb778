/// The variant of CEF that is written.
package struct CEFProfile: Sendable, Equatable {
    /// The device version in the header; parsers written for the retired agent may check it.
    package var agentVersion: String
    var shape: CEFShape

    /// The last known version of the retired agent.
    package static let lastAgentVersion = "0.298.168"

    /// `cef-agent`: byte for byte the output of the retired agent.
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

    /// `cef`: the same keys, following the rules of the CEF dictionary.
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

/// The differences between the two variants; contains no texts, because it is copied for every event.
struct CEFShape: Sendable, Equatable {
    /// Keys without a value are written as `key=`, as by the retired agent; otherwise they are left out.
    var emptyPairs: Bool
    /// Alerts contain `rt` as well, which receivers use as the event's time; the agent's first lines had
    /// none.
    var alertRT: Bool
    /// The label of `c6a1` is quoted, as the retired agent wrote it.
    var quotesLabel: Bool
    /// Values are cut to the lengths of the CEF dictionary, except `externalId`: a cut id identifies nothing.
    var cutsToDictionary: Bool
    /// Alerts have their own severities; otherwise all have 3.
    ///
    /// 3 is the only severity known from the retired agent's alerts, whatever the severity of the record.
    var mapsSeverity: Bool
}
