import SpoolControl
import SpoolCore

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
            ["no daemon runs" + (stopped.since.map { ", the last one until \($0)" } ?? "")]
        }
        text = "\(report.at)  " + ((stopped ?? []) + streams + sinks + told).joined(separator: "; ")
    }
}

extension StatusReport {
    /// A state's word: without a daemon it says how things were.
    func known(_ state: String) -> String {
        stopped == nil || ["created", "disabled"].contains(state) ? state : "was \(state)"
    }
}
