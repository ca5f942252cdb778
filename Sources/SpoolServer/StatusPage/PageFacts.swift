import SpoolControl
import SpoolCore

/// All values shown on the page, read at one moment.
struct PageFacts: Sendable {
    var report: StatusReport
    var day: DayFigures
    /// When the longest-waiting event was spooled; nil if none is waiting.
    var waitingSince: Timestamp?
    /// The host name.
    var host: String

    var now: Timestamp { report.at }

    /// How long the longest-waiting event has been in the spool.
    var wait: Duration { waitingSince.map { max(.zero, now.since($0)) } ?? .zero }

    /// Waiting events of all sinks.
    var waiting: Int { report.sinks.reduce(0) { $0 + $1.backlog } }

    /// Sinks and streams with problems.
    var troubled: Set<String> {
        Set(
            report.sinks.filter(Overview.isTroubled).map(\.name)
                + report.streams.filter { $0.error != nil }.map(\.name)
        )
    }

    /// Sinks with problems first, disabled ones last; each group keeps its order.
    var sinksInOrder: [SinkStatus] {
        let rank = { (sink: SinkStatus) in Overview.isTroubled(sink) ? 0 : sink.state == "disabled" ? 2 : 1 }
        return (0...2).flatMap { wanted in report.sinks.filter { rank($0) == wanted } }
    }
}
