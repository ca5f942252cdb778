import Foundation
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore
import Synchronization

/// Reads the facts for the page; the samples of the charts at most every ten seconds, for all viewers
/// together.
final class PageReporter: Sendable {
    static let historyLife = Duration.seconds(10)

    private let engine: Engine
    private let reporter: StatusReporter
    private let host: String
    private let known = Mutex<(read: Duration, history: SampleHistory)?>(nil)

    init(engine: Engine, reporter: StatusReporter) {
        self.engine = engine
        self.reporter = reporter
        host = ProcessInfo.processInfo.hostName
    }

    /// The current facts.
    func facts() async throws(StoreError) -> PageFacts {
        let report = try await reporter.report()
        let status = try await engine.spool.status()
        let history = try await history(report.at)
        let gaps = Dictionary(report.streams.map { ($0.name, $0.gaps) }) { first, _ in first }
        let day = DayFigures(history, status, gaps: gaps, now: report.at)
        let waiting = status.sinks.filter { $0.state != .disabled }
            .flatMap(\.subscriptions).compactMap(\.oldestFetched).min()
        return PageFacts(report: report, day: day, waitingSince: waiting, host: host)
    }

    private func history(_ now: Timestamp) async throws(StoreError) -> SampleHistory {
        let wanted = DayFigures.wanted(now)
        let time = engine.time.elapsed()
        if let known = known.withLock({ $0 }), known.history.from == wanted.from,
            time - known.read < Self.historyLife
        {
            return known.history
        }
        let history = try await engine.spool.history(
            from: wanted.from,
            step: wanted.step,
            count: wanted.count
        )
        known.withLock { $0 = (time, history) }
        return history
    }
}
