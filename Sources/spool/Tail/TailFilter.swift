import ArgumentParser
import SpoolCore
import SpoolStore

/// Which events `spool tail` shows: those that match all given options.
struct TailFilter: ParsableArguments {
    @Option(
        help: """
            Only events of this stream: source/stream, or activities or alerts for all sources; repeatable.
            """
    )
    var stream: [String] = []
    @Option(help: "With --settled: only settlements by this sink; repeatable.") var sink: [String] = []
    @Option(parsing: .unconditional, help: "Only users whose name contains this text (case-insensitive).")
    var user: String?
    @Option(help: "Only events of this category (EVENT_CATEGORY_LOGIN, or LOGIN for short); repeatable.")
    var category: [String] = []
    @Option(
        parsing: .unconditional,
        help: """
            Only events whose message, action, app, IP address, country, user, category or id contains this \
            text (case-insensitive).
            """
    )
    var grep: String?

    /// True for an event that is shown.
    func shows(_ row: TailRow) -> Bool {
        guard isMeant(row.stream) else { return false }
        if let user, !row.userName.holds(user) { return false }
        if !category.isEmpty, !category.contains(where: { row.category.isCategory($0) }) { return false }
        guard let grep else { return true }
        let texts = [
            row.message, row.action, row.appName, row.ip, row.country, row.id, row.userName, row.category,
        ]
        return texts.contains { $0.holds(grep) }
    }

    /// True for a settlement whose events may be shown.
    func shows(_ settlement: TailSettlement) -> Bool {
        (sink.isEmpty || sink.contains(settlement.sink.text)) && isMeant(settlement.stream)
    }

    /// Rejects a stream or sink that the spool does not know.
    func check(against names: SpoolNames) throws {
        for text in stream where !names.streams.contains(where: { ReplayTargets.isNamed($0, text) }) {
            throw KnownNames.failure("stream", text, among: names.streams.map(\.description))
        }
        try KnownNames.check(sink, "sink", among: names.sinks.map(\.text))
    }

    private func isMeant(_ name: StreamName) -> Bool {
        stream.isEmpty || stream.contains { ReplayTargets.isNamed(name, $0) }
    }
}

extension String {
    fileprivate func holds(_ part: String) -> Bool { lowercased().contains(part.lowercased()) }

    /// `LOGIN` names EVENT_CATEGORY_LOGIN, and not EVENT_CATEGORY_FAILED_LOGIN.
    fileprivate func isCategory(_ name: String) -> Bool {
        let (full, wanted) = (uppercased(), name.uppercased())
        return full == wanted || full == "EVENT_CATEGORY_" + wanted || full == "ALERT_" + wanted
    }
}
