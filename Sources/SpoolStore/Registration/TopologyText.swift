import SpoolCore

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
