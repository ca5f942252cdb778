package import SpoolCore

/// A sink made from its settings, with the settings that other parts of the program need.
package struct ConfiguredSink: Sendable {
    package let sink: any Sink
    /// The streams it subscribes to, in the order of the file.
    package let streams: [StreamName]
    /// The position of each of `streams` in the file, for errors about unknown names.
    package let streamNodes: [ConfigurationNode]
    /// Where a subscription starts when the spool already contains events.
    package let start: SubscriptionStart?
    package let renamedFrom: SinkName?
    /// The position of its name in the file, for errors about duplicate names.
    package let nameNode: ConfigurationNode
    /// Settings that are valid but probably not intended.
    package let warnings: [ConfigurationProblem]

    /// The sink as it is registered in the spool.
    package var topology: Topology.Sink {
        Topology.Sink(
            name: sink.name,
            type: sink.type,
            streams: streams,
            start: start,
            renamedFrom: renamedFrom
        )
    }
}
