import SpoolControl
import SpoolCore

/// All that the page shows, read at one moment.
struct PageFacts: Sendable {
    var report: StatusReport
    var day: DayFigures
    /// Since when the event that has waited longest is in the spool; nil when none waits.
    var waitingSince: Timestamp?
    /// The name of the machine.
    var host: String

    var now: Timestamp { report.at }

    /// How long the event that has waited longest has been in the spool.
    var wait: Duration { waitingSince.map { max(.zero, now.since($0)) } ?? .zero }

    /// Events that wait, over all sinks.
    var waiting: Int { report.sinks.reduce(0) { $0 + $1.backlog } }

    /// Sinks and streams that an operator has to look at.
    var troubled: Set<String> {
        Set(
            report.sinks.filter(Overview.isTroubled).map(\.name)
                + report.streams.filter { $0.error != nil }.map(\.name)
        )
    }

    /// The sinks in trouble first, those that have left last, each group in its order.
    var sinksInOrder: [SinkStatus] {
        let rank = { (sink: SinkStatus) in Overview.isTroubled(sink) ? 0 : sink.state == "disabled" ? 2 : 1 }
        return (0...2).flatMap { wanted in report.sinks.filter { rank($0) == wanted } }
    }
}
