import SpoolControl
import SpoolCore

/// The status report on one line, for a pipe or a log.
struct StatusLine {
    let text: String

    init(_ report: StatusReport) {
        let streams = report.streams.map { stream in
            let newest = stream.newest.map { Age.text(max(.zero, report.at.since($0))) + " ago" } ?? "none"
            let gaps = stream.gaps.filter { $0.kind != .lost && $0.healed == nil }.count
            return "\(stream.name) \(stream.state), newest \(newest)"
                + (gaps > 0 ? ", \(Count.text(gaps, "gap"))" : "")
        }
        let sinks = report.sinks.map { "\($0.name) \($0.state), \(Grouped.text($0.backlog)) waiting" }
        let told =
            report.notifications.isEmpty ? [] : [Count.text(report.notifications.count, "notification")]
        text = "\(report.at)  " + (streams + sinks + told).joined(separator: "; ")
    }
}
