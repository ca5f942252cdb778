import SpoolCore

/// The keys that all sinks have: `name`, `renamed_from`, `start`, and `streams` and `notify` for sinks of
/// events.
struct CommonSettings {
    /// The purpose of a type of sink.
    enum Purpose {
        /// Records of sources, and optionally notifications.
        case events
        /// Only notifications, never the content of an event.
        case notifications
    }

    let name: SinkName
    private let nameNode: ConfigurationNode
    private let renamedFrom: SinkName?
    private let streams: [StreamName]
    private let streamNodes: [ConfigurationNode]
    private let start: SubscriptionStart?

    /// Reads the keys; nil after adding problems if one is missing or invalid.
    init?(
        _ group: inout ConfigurationMapping,
        _ problems: ConfigurationProblems,
        purpose: Purpose = .events
    ) {
        let nameNode = group.require("name")
        let name = nameNode.flatMap { $0.name(problems) }.map { SinkName($0) }
        renamedFrom = group.take("renamed_from").flatMap { $0.formerName(problems) }.map { SinkName($0) }
        start = group.take("start").flatMap { Self.start($0, problems) }
        var read: [(ConfigurationNode, StreamName?)]?
        switch purpose {
        case .events:
            read = group.require("streams").flatMap { Self.items($0, problems) }?
                .map { ($0, Self.stream($0, problems)) }
            let notify = group.take("notify")
            if let notify, notify.boolean(problems) == true,
                read?.contains(where: { $1 == .notifications }) != true
            {
                read?.append((notify, .notifications))
            }
        case .notifications:
            if let node = group.take("streams") {
                problems.add("this sink receives only notifications; remove `streams`", at: node)
            }
            read = [(group.node, .notifications)]
        }
        guard let nameNode, let name, let read else { return nil }
        self.nameNode = nameNode
        self.name = name
        streams = read.compactMap(\.1)
        streamNodes = read.compactMap { $1 == nil ? nil : $0 }
    }

    func configured(_ sink: any Sink, _ warnings: [ConfigurationProblem]) -> ConfiguredSink {
        ConfiguredSink(
            sink: sink,
            streams: streams,
            streamNodes: streamNodes,
            start: start,
            renamedFrom: renamedFrom,
            nameNode: nameNode,
            warnings: warnings
        )
    }

    private static func items(_ node: ConfigurationNode, _ problems: ConfigurationProblems)
        -> [ConfigurationNode]?
    {
        guard let items = node.list(problems) else { return nil }
        if items.isEmpty { problems.add("a sink needs at least one stream", at: node) }
        return items
    }

    private static func stream(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> StreamName? {
        guard let text = node.text(problems) else { return nil }
        if let name = StreamName(text) { return name }
        problems.add(
            "expected a stream as `source/stream`, such as `contoso/activities`, found `\(text)`",
            at: node
        )
        return nil
    }

    private static func start(_ node: ConfigurationNode, _ problems: ConfigurationProblems)
        -> SubscriptionStart?
    {
        switch node.text(problems) {
        case nil: return nil
        case "now": return .now
        case "beginning": return .beginning
        case .some(let text):
            if let time = Timestamp(rfc3339: text) { return .time(time) }
            problems.add(
                "expected `now`, `beginning` or a time such as 2026-11-23T04:00Z, found `\(text)`",
                at: node
            )
            return nil
        }
    }
}
