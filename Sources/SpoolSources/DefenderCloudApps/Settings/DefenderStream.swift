package import SpoolCore

/// A stream of the source and the filters of its requests.
package struct DefenderStream: Sendable {
    package let stream: SourceStream
    /// The configured filters: an object, empty if there are none.
    let filters: JSONValue

    /// Reads `streams:`; without it, both streams with their defaults.
    static func all(
        _ node: ConfigurationNode?,
        source: String,
        renamedFrom: String?,
        _ problems: ConfigurationProblems
    ) -> [DefenderStream] {
        let names = Names(source: source, renamedFrom: renamedFrom)
        guard let node else {
            return StreamDefaults.all.map { $0.stream(names, StreamKeys(nil, $0, problems)) }
        }
        guard var group = ConfigurationMapping(node, problems: problems) else { return [] }
        var streams: [DefenderStream] = []
        for defaults in StreamDefaults.all {
            // `alerts:` without a value enables the stream; only a missing key disables it.
            guard node.hasKey(defaults.name) else {
                _ = group.take(defaults.name)
                continue
            }
            streams.append(
                defaults.stream(names, StreamKeys(group.take(defaults.name), defaults, problems))
            )
        }
        group.finish()
        if streams.isEmpty { problems.add("no stream: configure `activities`, `alerts` or both", at: node) }
        return streams
    }

    /// The current and the former name of the source.
    struct Names {
        let source: String
        let renamedFrom: String?
    }
}

/// The keys of a stream; its default where a key is missing.
private struct StreamKeys {
    private(set) var start = StreamStart.age(.days(2))
    private(set) var lookBack: Duration
    private(set) var sweep: Duration
    private(set) var pageLimit: Int
    private(set) var filters = JSONValue.object([:])

    init(_ node: ConfigurationNode?, _ defaults: StreamDefaults, _ problems: ConfigurationProblems) {
        (lookBack, sweep, pageLimit) = (defaults.lookBack, defaults.sweep, defaults.pageLimit)
        guard let node, var group = ConfigurationMapping(node, problems: problems) else { return }
        start = group.take("start").flatMap { Self.start($0, problems) } ?? start
        lookBack = group.duration("look_back", in: .seconds(1) ... .days(30), default: lookBack)
        sweep = group.duration("sweep", in: .milliseconds(10) ... .days(1), default: sweep)
        pageLimit = group.integer("page_limit", in: 1...5_000, default: pageLimit)
        let parser = FilterParser(kind: defaults.kind, problems: problems)
        filters = group.take("filters").flatMap { parser.read($0) } ?? filters
        group.finish()
    }

    /// How long the source keeps records (Microsoft Trust Center: activities and alerts, 180 days).
    private static let kept = 180

    private static func start(_ node: ConfigurationNode, _ problems: ConfigurationProblems) -> StreamStart? {
        guard let text = node.text(problems) else { return nil }
        if let time = Timestamp(rfc3339: text) { return .time(time) }
        if let age = Age.duration(text), age <= .days(kept) { return .age(age) }
        problems.add(
            "expected an age of at most \(kept)d (the source keeps records for that long), or a date "
                + "such as `2026-11-23` or `2026-11-23T04:00:00Z`, found `\(text)`",
            at: node
        )
        return nil
    }
}

/// The defaults of a stream.
private struct StreamDefaults {
    let name: String
    let kind: EventKind
    let lookBack: Duration
    let sweep: Duration
    let pageLimit: Int

    static let all = [
        // 5,000 is the maximum of scan mode; if the source returns fewer records, pages are just shorter.
        StreamDefaults(
            name: "activities",
            kind: .activity,
            lookBack: .minutes(10),
            sweep: .minutes(5),
            pageLimit: 5_000
        ),
        // Alerts appear up to 15 hours after their own time; the default is three times the latest one on
        // record.
        StreamDefaults(
            name: "alerts",
            kind: .alert,
            lookBack: .hours(48),
            sweep: .minutes(10),
            pageLimit: 100
        ),
    ]

    func stream(_ names: DefenderStream.Names, _ keys: StreamKeys) -> DefenderStream {
        DefenderStream(
            stream: SourceStream(
                name: StreamName(source: names.source, stream: name),
                kind: kind,
                start: keys.start,
                lookBack: keys.lookBack,
                sweepInterval: keys.sweep,
                sweepsBack: kind == .alert,
                overlap: .seconds(10),
                pageLimit: keys.pageLimit,
                filterHash: ContentHash.hex(keys.filters.text.utf8, digits: 16),
                renamedFrom: names.renamedFrom.map { StreamName(source: $0, stream: name) }
            ),
            filters: keys.filters
        )
    }
}

extension ConfigurationNode {
    fileprivate func hasKey(_ key: String) -> Bool {
        guard case .mapping(let entries) = value else { return false }
        return entries.contains { $0.key == key }
    }
}
