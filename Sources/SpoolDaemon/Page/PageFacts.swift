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
}
