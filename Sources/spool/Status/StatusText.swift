import SpoolControl
import SpoolCore

/// The status report as text: problems first, then streams, sinks and replays.
struct StatusText {
    private let report: StatusReport
    private let columns: Int?

    /// `columns` is the width of the terminal: tables omit columns that do not fit.
    init(_ report: StatusReport, columns: Int? = nil) {
        self.report = report
        self.columns = columns
    }

    var text: String {
        [stopped, notifications, spool, streams, sinks, replays].filter { !$0.isEmpty }.joined(
            separator: "\n\n"
        )
    }

    /// The first line when no daemon is running: everything below it is then the last known state.
    private var stopped: String {
        guard let stopped = report.stopped else { return "" }
        let halt =
            report.holder.map { "nothing is fetched, and only process \($0) sends events" }
            ?? "nothing is fetched or sent"
        let rest = "\(halt); states are the last known ones. Start the daemon: `systemctl start spool`"
        guard let since = stopped.since else { return "NO DAEMON RUNNING, and none has run before: \(rest)" }
        let length = Age.text(max(.zero, report.at.since(since)))
        if stopped.isClean { return "NO DAEMON RUNNING since \(since) (\(length)): \(rest)" }
        return
            "NO DAEMON RUNNING: last seen at \(since) (\(length) ago), did not shut down cleanly; "
            + "`journalctl -u spool` may show why. Currently \(rest)"
    }

    private var notifications: String {
        report.notifications.map { notification in
            let subject = notification.subject.isEmpty ? "" : " \(notification.subject.printable)"
            return "\(notification.severity.rawValue.uppercased()) \(notification.code)\(subject), since "
                + "\(notification.at):\n  \(notification.message.printable)"
        }
        .joined(separator: "\n")
    }

    private var spool: String {
        let spool = report.spool
        let limit = spool.limit > 0 ? " of \(ByteSize.text(spool.limit))" : ""
        let lines = [
            "spool   \(spool.path)",
            "holds   \(Count.text(spool.events, "event")), \(ByteSize.text(spool.used))\(limit); "
                + "\(ByteSize.text(spool.free)) free on disk",
            "writer  \(report.holder ?? "none: no daemon is running, nothing is fetched or sent")",
        ]
        return (lines + proof + paused).joined(separator: "\n")
    }

    /// The daemon's last audit, and a proof that an operator requested later.
    private var proof: [String] {
        [("audit", report.audit), ("proof", report.proof)].compactMap { name, proof in
            proof.map { "\(name)   \(ProofLine($0).text)" }
        }
    }

    /// The reason is omitted if a notification above already shows it.
    private var paused: [String] {
        guard let reason = report.spool.paused else { return [] }
        let isShown = report.notifications.contains { $0.message == reason }
        return ["FETCHING PAUSED" + (isShown ? "" : ": \(reason.printable)")]
    }

    private var streams: String {
        var table = TextTable([
            "stream", "state", "per minute", "newest record", "last answer", "read up to", "re-read up to",
        ])
        let streams = report.fetchedStreams
        for stream in streams {
            table.add([
                stream.name, report.known(stream.state), rate(stream.perMinute), age(stream.newest),
                age(stream.lastSuccess), age(stream.readTo), age(stream.readTwiceTo),
            ])
        }
        let troubles = streams.compactMap { stream in
            stream.error.map { "  \(stream.name): \(lastly)\($0.printable)" }
        }
        let gaps = report.streams.flatMap { stream in
            stream.gaps.map {
                "  \(stream.name): \(GapText.of($0, at: report.at, daemonRuns: report.stopped == nil))"
            }
        }
        let streamTable = table.render(within: columns, leavingOut: [2, 6, 4])
        return ([streamTable] + troubles + gaps).joined(separator: "\n")
    }

    private var sinks: String {
        var table = TextTable([
            "sink", "state", "address", "per minute", "waiting", "oldest event", "last settled",
            "dead letters",
        ])
        for sink in report.sinks {
            table.add([
                sink.name, report.known(sink.state), sink.address, rate(sink.perMinute),
                Grouped.text(sink.backlog), age(sink.oldest), age(sink.lastSuccess),
                Grouped.text(sink.deadLetters),
            ])
        }
        let sinkTable = table.render(within: columns, leavingOut: [3, 6, 2])
        return ([sinkTable] + report.sinks.compactMap(trouble) + report.sinks.compactMap(shortened))
            .joined(separator: "\n")
    }

    /// Events that the receiver has only in part: `delivered` must not hide them.
    private func shortened(_ sink: SinkStatus) -> String? {
        guard let count = sink.shortened, count > 0 else { return nil }
        return
            "  \(sink.name): \(Count.text(count, "message")) shortened because of their length: "
            + "`select * from shortened`"
    }

    /// Events in the last minute; without a daemon there is no measurement.
    private func rate(_ perMinute: Int) -> String { report.stopped == nil ? Grouped.text(perMinute) : "-" }

    private var replays: String {
        let open = report.replays.filter { $0.state == .running || $0.state == .paused }
        if open.isEmpty { return "" }
        var table = TextTable(["replay", "to", "state", "sent", "total"])
        for replay in open {
            table.add([
                String(replay.id), replay.destination ?? replay.sink, replay.state.rawValue,
                Grouped.text(replay.sent),
                Grouped.text(replay.total),
            ])
        }
        return table.render()
    }

    /// The error, and the time of the next attempt.
    private func trouble(_ sink: SinkStatus) -> String? {
        sink.error.map { error in
            let next = sink.retryAt.map { retry in
                report.stopped != nil
                    ? ", next when a daemon runs"
                    : retry > report.at
                        ? ", next in \(Age.text(retry.since(report.at)))" : ", next now"
            }
            let tries =
                sink.attempts > 0 ? "\n    \(Count.text(sink.attempts, "attempt")) so far\(next ?? "")" : ""
            return "  \(sink.name): \(lastly)\(error.printable)\(tries)"
        }
    }

    private var lastly: String { report.stopped == nil ? "" : "last known: " }

    private func age(_ time: Timestamp?) -> String {
        guard let time else { return "-" }
        return time > report.at ? "now" : Age.text(report.at.since(time)) + " ago"
    }
}

/// The status report on one line, for a pipe or a log.
struct StatusLine {
    let text: String

    init(_ report: StatusReport) {
        let streams = report.streams.map { stream in
            let newest = stream.newest.map { Age.text(max(.zero, report.at.since($0))) + " ago" } ?? "none"
            let gaps = stream.gaps.filter { $0.kind != .lost && $0.healed == nil }.count
            return "\(stream.name) \(report.known(stream.state)), newest \(newest)"
                + (gaps > 0 ? ", \(Count.text(gaps, "gap"))" : "")
        }
        let sinks = report.sinks.map {
            "\($0.name) \(report.known($0.state)), \(Grouped.text($0.backlog)) waiting"
        }
        let told =
            report.notifications.isEmpty ? [] : [Count.text(report.notifications.count, "notification")]
        let stopped = report.stopped.map { stopped in
            ["no daemon running" + (stopped.since.map { ", last seen at \($0)" } ?? "")]
        }
        text = "\(report.at)  " + ((stopped ?? []) + streams + sinks + told).joined(separator: "; ")
    }
}

extension StatusReport {
    /// The name of a state, in the past tense if no daemon is running.
    func known(_ state: String) -> String {
        stopped == nil || ["created", "disabled"].contains(state) ? state : "was \(state)"
    }
}

/// A sentence about a gap in a stream.
enum GapText {
    static func of(_ gap: GapStatus, at now: Timestamp, daemonRuns: Bool = true) -> String {
        let end = gap.to ?? now
        let length = Age.text(max(.zero, end.since(gap.from)))
        let span = "\(gap.from) to \(end) (\(length))"
        switch gap.kind {
        case .unread:
            guard gap.to != nil else {
                let cure = daemonRuns ? "the source answers" : "a daemon runs and the source answers"
                return "GAP since \(gap.from) (\(length)): not read; it heals by itself when \(cure)"
            }
            guard let healed = gap.healed else {
                return "GAP \(span): \(daemonRuns ? "being read now" : "not all of it was read")"
            }
            return "gap \(span), healed \(healed)"
        case .unproved:
            return
                "GAP \(span): no fetch window with the current filters proves that it was read; "
                + "check with `spool verify`"
        case .lost:
            let events = gap.events.map { Count.text($0, "event") } ?? "events"
            return
                "LOST \(span): retention deleted \(events) before sink \(gap.sink ?? "?") was configured "
                + "again"
        }
    }
}
