package import SpoolCore

/// Compares a configuration with the spool: what is new, renamed, removed or configured again.
struct TopologyPreview {
    private let topology: Topology
    private let known: KnownTopology
    private let retention: String
    /// The rows by their names after renames.
    private let sinkRows: [String: KnownTopology.Sink]
    private let streamRows: [String: KnownTopology.Stream]

    init(_ topology: Topology, _ known: KnownTopology, retention: Duration) {
        self.topology = topology
        self.known = known
        self.retention = Age.text(retention)
        sinkRows = Self.renamed(known.sinks, id: \.id, name: \.name, known.plans.sinks)
        streamRows = Self.renamed(known.streams, id: \.id, name: \.name.description, known.plans.streams)
    }

    /// All differences: renames first, then streams, then sinks, each in the order of the configuration.
    var changes: [TopologyChange] {
        // A spool without sinks and streams has not been used yet.
        guard !known.sinks.isEmpty || !known.streams.isEmpty else { return [] }
        return renames(known.plans.streams, .stream) + renames(known.plans.sinks, .sink)
            + topology.streams.compactMap(change) + leftStreams + topology.sinks.flatMap(changes) + leftSinks
    }

    private static func renamed<Row>(
        _ rows: [Row],
        id: (Row) -> Int64,
        name: (Row) -> String,
        _ plan: RenamePlan
    ) -> [String: Row] {
        let names = Dictionary(plan.moves.map { ($0.id, $0.to) }) { first, _ in first }
        let replaced = Set(plan.moves.compactMap(\.replaced))
        return Dictionary(
            rows.filter { !replaced.contains(id($0)) }.map { (names[id($0)] ?? name($0), $0) }
        ) { first, _ in first }
    }

    private func renames(_ plan: RenamePlan, _ kind: Renaming) -> [TopologyChange] {
        let moves = plan.moves.map { move in
            let blank =
                move.replaced == nil
                ? "" : "; the unused \(kind.rawValue) \(move.to) in the spool is dropped"
            return TopologyChange(
                "\(kind.rawValue) \(move.to)",
                "is renamed from \(move.from) (`renamed_from`)\(blank)"
            )
        }
        return moves
            + plan.ignored.map {
                TopologyChange("\(kind.rawValue) \($0.name)", TopologyText.ignored($0, kind), isWarning: true)
            }
    }

    // Streams

    private func change(_ stream: Topology.Stream) -> TopologyChange? {
        guard stream.name != .notifications else { return nil }
        let subject = "stream \(stream.name)"
        if let row = streamRows[stream.name.description] {
            return row.isConfigured || isMoved(row.id, known.plans.streams)
                ? nil : TopologyChange(subject, "is configured again; fetching resumes where it stopped")
        }
        let left = gone.filter { $0.name.stream == stream.name.stream && $0.kept > 0 }
        guard let old = left.first else {
            return TopologyChange(subject, "is new; it is fetched from its `start` on")
        }
        return TopologyChange(
            subject,
            "is new; it is fetched from its `start` on, and events from that time that "
                + "\(TopologyText.list(left.map(\.name))) already fetched are sent again. If it is source "
                + "`\(old.name.source)` under a new name, set `renamed_from: \(old.name.source)`",
            isWarning: true
        )
    }

    /// Streams of the spool that the configuration does not have.
    private var gone: [KnownTopology.Stream] {
        let names = Set(topology.streams.map(\.name.description))
        return known.streams.filter {
            streamRows[$0.name.description]?.id == $0.id && !names.contains($0.name.description)
                && $0.name != .notifications
        }
    }

    private var leftStreams: [TopologyChange] {
        gone.filter(\.isConfigured).map {
            TopologyChange(
                "stream \($0.name)",
                "is no longer configured; it is no longer fetched, and "
                    + ($0.waiting == 0 ? "no event of it is pending" : "its pending events are still sent")
            )
        }
    }

    // Sinks

    private func changes(_ sink: Topology.Sink) -> [TopologyChange] {
        let subject = "sink \(sink.name)"
        guard let row = sinkRows[sink.name.text] else { return [added(sink, subject)] }
        var changes: [TopologyChange] = []
        if !row.isConfigured, !isMoved(row.id, known.plans.sinks) {
            changes.append(
                TopologyChange(
                    subject,
                    "is configured again; it resumes where it stopped, and \(waiting(row.waiting))"
                )
            )
        }
        let taken = Dictionary(row.subscriptions.map { ($0.stream, $0) }) { first, _ in first }
        let new = sink.streams.filter { name in
            streamRows[name.description].map { taken[$0.id]?.hasBegun != true } ?? true
        }
        let unstarted = new.filter { cannotBegin(sink, $0) }
        if !unstarted.isEmpty {
            changes.append(held(subject, unstarted, left: isBlank(row) ? leftNames(taking: unstarted) : []))
        } else if !new.isEmpty {
            changes.append(
                TopologyChange(subject, "now subscribes to \(TopologyText.list(new))\(begins(sink, new))")
            )
        }
        let names = Set(sink.streams.map(\.description))
        for subscription in row.subscriptions where subscription.state != "left" {
            guard let stream = streamRows.first(where: { $0.value.id == subscription.stream }),
                !names.contains(stream.key),
                topology.streams.contains(where: { $0.name.description == stream.key })
            else { continue }
            changes.append(
                TopologyChange(
                    subject,
                    "no longer subscribes to \(stream.key); \(kept(subscription.waiting))",
                    isWarning: subscription.waiting > 0
                )
            )
        }
        return changes
    }

    private func added(_ sink: Topology.Sink, _ subject: String) -> TopologyChange {
        let unstarted = sink.streams.filter { cannotBegin(sink, $0) }
        let left = leftNames(taking: sink.streams)
        if !unstarted.isEmpty { return held(subject, unstarted, left: left) }
        let question = TopologyText.renamed(left).map { "; \($0)" } ?? ""
        return TopologyChange(
            subject,
            "is new\(begins(sink, sink.streams))\(question)",
            isWarning: !left.isEmpty
        )
    }

    private func held(_ subject: String, _ streams: [StreamName], left: [String]) -> TopologyChange {
        TopologyChange(
            subject,
            "will be held, and nothing is sent to it: it is new to \(TopologyText.list(streams)), which "
                + "already \(streams.count == 1 ? "has" : "have") events. Set `start` to `now`, `beginning` "
                + "or a time"
                + (TopologyText.renamed(left).map { "; \($0)" } ?? ""),
            isWarning: true
        )
    }

    /// True when the sink would be held at this stream.
    private func cannotBegin(_ sink: Topology.Sink, _ name: StreamName) -> Bool {
        guard sink.start == nil, name != .notifications, let stream = streamRows[name.description] else {
            return false
        }
        let own = sinkRows[sink.name.text]?.subscriptions.first { $0.stream == stream.id }
        return own.map { !$0.hasBegun } ?? (stream.kept > 0)
    }

    private func begins(_ sink: Topology.Sink, _ streams: [StreamName]) -> String {
        let kept = streams.reduce(0) { $0 + (streamRows[$1.description]?.kept ?? 0) }
        guard kept > 0 else { return "" }
        let events = Count.text(kept, "event")
        return switch sink.start {
        case .beginning: "; everything in the spool (\(events)) is sent to it"
        case .now: "; nothing that is already in the spool (\(events)) is sent to it"
        case .time(let time):
            "; of the spooled events (\(events)), those that occurred since \(time) are sent to it"
        case nil: ""
        }
    }

    private var leftSinks: [TopologyChange] {
        absent.filter(\.isConfigured).map {
            TopologyChange(
                "sink \($0.name)",
                "is no longer configured; \(kept($0.waiting))",
                isWarning: $0.waiting > 0
            )
        }
    }

    /// Sinks of the spool that the configuration does not have.
    private var absent: [KnownTopology.Sink] {
        let names = Set(topology.sinks.map(\.name.text))
        return known.sinks.filter { sinkRows[$0.name]?.id == $0.id && !names.contains($0.name) }
    }

    /// Those of them that subscribed to one of these streams: one of them may have been renamed.
    private func leftNames(taking streams: [StreamName]) -> [String] {
        let ids = Set(streams.compactMap { streamRows[$0.description]?.id })
        return absent.filter { $0.subscriptions.contains { ids.contains($0.stream) } }.map(\.name)
    }

    private func isBlank(_ row: KnownTopology.Sink) -> Bool {
        row.subscriptions.allSatisfy { !$0.hasBegun }
    }

    private func isMoved(_ id: Int64, _ plan: RenamePlan) -> Bool { plan.moves.contains { $0.id == id } }

    private func kept(_ count: Int) -> String {
        guard count > 0 else { return waiting(count) }
        let verb = Count.of(count, "is", "are")
        return "\(waiting(count)); \(Count.of(count, "it", "they")) \(verb) not sent, and \(verb) kept for "
            + "\(retention) (`retention.age`)"
    }

    private func waiting(_ count: Int) -> String {
        count == 0
            ? "nothing waits for it"
            : "\(Count.text(count, "event")) \(Count.of(count, "waits", "wait")) for it"
    }
}

extension Spool {
    /// The changes that `register` would make with a configuration; empty when there are none.
    ///
    /// `retention` is how long events are kept for what is no longer configured. Reads one snapshot; works on
    /// a spool that is open read-only while a daemon uses it.
    package func preview(_ topology: Topology, retention: Duration) async throws(StoreError)
        -> [TopologyChange]
    {
        try await read { db in
            TopologyPreview(topology, try KnownTopology(db, topology), retention: retention).changes
        }
    }
}

/// One difference between a configuration and the spool, as `spool check` reports it: a change that the next
/// start or reload will make.
package struct TopologyChange: Sendable, Equatable, Codable {
    /// `source contoso`, `stream contoso/alerts` or `sink siem`.
    package let subject: String
    /// What will happen, and what to set if that is not intended.
    package let detail: String
    /// True for a change that is probably a mistake, or that stops a sink.
    package let isWarning: Bool

    package init(_ subject: String, _ detail: String, isWarning: Bool = false) {
        self.subject = subject
        self.detail = detail
        self.isWarning = isWarning
    }

    private enum CodingKeys: String, CodingKey {
        case subject, detail
        case isWarning = "warning"
    }
}

/// Messages of a registration for the operator.
enum TopologyText {
    /// Why a sink is held, and what to set.
    static func held(_ sink: SinkName, _ streams: [StreamName], left: [String]) -> String {
        "Sink \(sink) was added to streams that already have events: \(list(streams)). Set its `start` to "
            + "`now`, `beginning` or a time\(renamed(left).map { "; \($0)" } ?? ""). Until then it is held, "
            + "and its events are kept."
    }

    /// What to set if the new sink is a removed one under a new name; nil when none was removed.
    static func renamed(_ left: [String]) -> String? {
        guard let first = left.first else { return nil }
        let names = left.map { "`\($0)`" }.joined(separator: " or ")
        return "if it is sink \(names) under a new name, set `renamed_from: \(first)`"
            + (left.count > 1 ? " or the other name" : "") + " instead"
    }

    /// A `renamed_from` without effect.
    static func ignored(_ ignored: RenamePlan.Ignored, _ kind: Renaming) -> String {
        let setting =
            "`renamed_from: \(setting(ignored.formerName, kind))` has no effect on \(kind.rawValue) "
            + "\(ignored.name)"
        return switch ignored.reason {
        case .unknown: "\(setting): the spool has no \(kind.rawValue) \(ignored.formerName)."
        case .formerNameInUse:
            "\(setting): \(ignored.formerName) is also configured, and both exist in the spool. Remove "
                + "`renamed_from`."
        case .hasHistory: "\(setting): \(history(ignored, kind))"
        }
    }

    private static func history(_ ignored: RenamePlan.Ignored, _ kind: Renaming) -> String {
        let (new, old) = (ignored.name, ignored.formerName)
        return switch kind {
        case .sink:
            "\(new) has already settled events of its own. Events that wait for \(old) are kept and are not "
                + "sent to \(new). To send them, add sink \(old) again, with the address of \(new), until "
                + "nothing waits for it; to discard them, run `spool prune --forget \(old)`."
        case .stream:
            "\(new) already has events of its own, fetched from its `start` on. They are not compared with "
                + "the events of \(old): events that both streams have are sent twice. Remove `renamed_from`."
        }
    }

    /// `renamed_from` of a source names the source, not its stream.
    private static func setting(_ name: String, _ kind: Renaming) -> String {
        kind == .stream ? StreamName(name)?.source ?? name : name
    }

    static func list(_ streams: [StreamName]) -> String {
        streams.map(\.description).joined(separator: ", ")
    }
}
