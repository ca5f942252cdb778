import SpoolControl
import SpoolCore

/// The status report for people: what stands still, since when, and why, before everything else.
struct StatusText {
    private let report: StatusReport

    init(_ report: StatusReport) { self.report = report }

    var text: String {
        [daemon, streams, sinks, replays, notifications].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var daemon: String {
        let running = report.holder.map { "held by \($0)" } ?? "no daemon is running"
        let spool = report.spool
        return "spool \(spool.path): \(spool.events) events, \(ByteSize.text(spool.used)) in use, "
            + "\(ByteSize.text(spool.free)) free on disk; \(running)"
            + (spool.paused.map { "\nFETCHING STANDS STILL: \($0)" } ?? "")
    }

    private var streams: String {
        var table = TextTable(["stream", "state", "newest record", "last page", "read to", "swept to"])
        for stream in report.streams {
            table.add([
                stream.name, stream.state, age(stream.newest), age(stream.lastSuccess), age(stream.since),
                age(stream.sweptTo),
            ])
        }
        return ([table.render()] + report.streams.compactMap { trouble($0.name, $0.error) }).joined(
            separator: "\n"
        )
    }

    private var sinks: String {
        var table = TextTable([
            "sink", "state", "address", "waiting", "oldest", "last success", "dead letters",
        ])
        for sink in report.sinks {
            table.add([
                sink.name, sink.state, sink.address, String(sink.backlog), age(sink.oldest),
                age(sink.lastSuccess), String(sink.deadLetters),
            ])
        }
        return ([table.render()] + report.sinks.compactMap { trouble($0.name, $0.error) }).joined(
            separator: "\n"
        )
    }

    private var replays: String {
        let open = report.replays.filter { $0.state == .running || $0.state == .paused }
        if open.isEmpty { return "" }
        var table = TextTable(["replay", "sink", "state", "sent", "total"])
        for replay in open {
            table.add([
                String(replay.id), replay.sink, replay.state.rawValue, String(replay.sent),
                String(replay.total),
            ])
        }
        return table.render()
    }

    private var notifications: String {
        report.notifications.map { "\($0.severity): \($0.code): \($0.message) (since \($0.at))" }
            .joined(separator: "\n")
    }

    private func trouble(_ name: String, _ error: String?) -> String? { error.map { "  \(name): \($0)" } }

    private func age(_ time: Timestamp?) -> String {
        guard let time else { return "never" }
        return time > report.at ? "now" : Age.text(report.at.since(time)) + " ago"
    }
}
