import Foundation
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore
import Synchronization

/// The page at `/`, complete when first loaded; afterwards its script fetches the parts that change.
struct StatusPage: Sendable {
    let facts: PageFacts

    var html: HTML {
        let parts = PageParts(facts: facts)
        let all = parts.all
        func part(_ id: String) -> HTML { "<div id=\"\(id)\">\(all[id] ?? .none)</div>" }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>\(parts.title)</title>
            <link rel="icon" href="/icon.svg" type="image/svg+xml">
            <link rel="stylesheet" href="/page.css">
            <script src="/page.js" defer></script>
            </head>
            <body>
            <a class="skip" href="#main">Skip to content</a>
            <header>
            <h1>spool</h1>
            <p><span>\(facts.host)</span> <span>\(facts.report.spool.path)</span></p>
            </header>
            <p id="stale" role="alert" hidden></p>
            <p id="said" class="hidden" role="status" aria-live="polite">\(Overview(facts).spoken)</p>
            <main id="main" tabindex="-1">
            <section aria-label="Overview">\(part("verdict"))\(part("figures"))\(part("proof"))</section>
            <section aria-labelledby="h-notifications"><h2 id="h-notifications">Notifications</h2>\
            \(part("notifications"))</section>
            <section aria-labelledby="h-day"><h2 id="h-day">The last 24 hours</h2>\(part("day"))</section>
            <section aria-labelledby="h-sinks"><h2 id="h-sinks">Sinks</h2>\(part("sinks"))</section>
            <section aria-labelledby="h-streams"><h2 id="h-streams">Streams</h2>\(part("streams"))</section>
            <section aria-labelledby="h-replays"><h2 id="h-replays">Replays</h2>\(part("replays"))</section>
            </main>
            <footer>\(part("updated"))<nav aria-label="Machine-readable"><a href="/metrics">metrics</a> \
            <a href="/status">status</a></nav><p>spool \(facts.report.version)</p></footer>
            <noscript><p>Without JavaScript the page does not update itself: reload it.</p></noscript>
            </body>
            </html>

            """
    }

    static let style = String(decoding: PackageResources.page_css, as: UTF8.self)
    static let script = String(decoding: PackageResources.page_js, as: UTF8.self)
    static let icon = String(decoding: PackageResources.icon_svg, as: UTF8.self)
}

/// The update that the page's script fetches.
struct PageUpdate: Encodable, Sendable {
    let title: String
    let said: String
    let parts: [String: String]

    init(_ facts: PageFacts) {
        let parts = PageParts(facts: facts)
        title = parts.title
        said = Overview(facts).spoken
        self.parts = parts.all.mapValues(\.text)
    }
}

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
