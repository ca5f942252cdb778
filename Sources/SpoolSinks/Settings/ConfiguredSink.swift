package import SpoolCore

/// A sink made from its settings, with what the rest of the program has to know of them.
package struct ConfiguredSink: Sendable {
    package let sink: any Sink
    /// The streams it takes, in the order of the file.
    package let streams: [StreamName]
    /// Where each of `streams` stands in the file, to complain about names that do not exist.
    package let streamNodes: [ConfigurationNode]
    /// Where it begins when it is added to a spool that has events already.
    package let start: SubscriptionStart?
    package let renamedFrom: SinkName?
    /// Where its name stands in the file, to complain about a name used twice.
    package let nameNode: ConfigurationNode
    /// What works, but probably not as meant.
    package let warnings: [ConfigurationProblem]

    /// The sink as the spool is told of it.
    package var roster: Roster.Sink {
        Roster.Sink(
            name: sink.name,
            type: sink.type,
            streams: streams,
            start: start,
            renamedFrom: renamedFrom
        )
    }
}
