import Hummingbird
import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolStore
import Synchronization

/// The routes for browsers and monitoring: the page, probes and metrics.
struct WebRoutes: Sendable {
    let engine: Engine
    let current: CurrentComposition
    let readiness: Readiness
    /// The number of log lines dropped since the start.
    private let droppedLogLines: @Sendable () -> Int
    private let page: PageReporter

    init(
        engine: Engine,
        current: CurrentComposition,
        readiness: Readiness,
        droppedLogLines: @escaping @Sendable () -> Int = { 0 }
    ) {
        self.engine = engine
        self.current = current
        self.readiness = readiness
        self.droppedLogLines = droppedLogLines
        page = PageReporter(engine: engine, reporter: StatusReporter(engine: engine, current: current))
    }

    /// Adds the routes to a router.
    func add(to router: Router<BasicRequestContext>) {
        router.get("/healthz") { _, _ in await health() }
        router.get("/readyz") { _, _ in ready() }
        router.get("/metrics") { _, _ in await metrics() }
        router.get("/") { _, _ in
            await shown { .text(StatusPage(facts: $0).html.text, "text/html; charset=utf-8") }
        }
        router.get("/page.json") { _, _ in
            await shown { facts in
                let bytes = try ControlCoding.encode(PageUpdate(facts))
                return .text(String(decoding: bytes, as: UTF8.self), "application/json")
            }
        }
        router.get("/page.css") { _, _ in Response.text(StatusPage.style, "text/css; charset=utf-8") }
        router.get("/page.js") { _, _ in Response.text(StatusPage.script, "text/javascript; charset=utf-8") }
        router.get("/icon.svg") { _, _ in Response.text(StatusPage.icon, "image/svg+xml") }
    }

    /// Ok if the process answers and its spool can be read.
    private func health() async -> Response {
        do throws(StoreError) {
            _ = try await engine.spool.failures()
            return .text("ok\n")
        } catch {
            return .text("the spool cannot be read: \(error)\n", status: .serviceUnavailable)
        }
    }

    private func ready() -> Response {
        guard let obstacle = readiness.obstacle(engine.spool.pause) else { return .text("ready\n") }
        return .text("not ready: \(obstacle)\n", status: .serviceUnavailable)
    }

    private func shown(_ answer: (PageFacts) throws -> Response) async -> Response {
        do {
            return try answer(try await page.facts())
        } catch {
            return .text("the spool cannot be read: \(error)\n", status: .serviceUnavailable)
        }
    }

    private func metrics() async -> Response {
        do throws(StoreError) {
            let measured = try await MetricsSnapshot.read(
                engine,
                current.value,
                droppedLogLines: droppedLogLines()
            )
            return .text(PrometheusText.text(measured.families), PrometheusText.contentType)
        } catch {
            return .text("the spool cannot be read: \(error)\n", status: .serviceUnavailable)
        }
    }
}

/// Whether the daemon is ready: it fetches and sends, or would if the portal and the SIEMs were reachable.
///
/// An unreachable portal or SIEM does not make it unready: these are states, and a drain must be possible
/// while the portal is down.
package final class Readiness: Sendable {
    private let isStopping = Mutex(false)

    package init() {}

    /// Marks the daemon as stopping.
    package func stop() { isStopping.withLock { $0 = true } }

    /// Why the daemon is not ready; nil if it is ready.
    func obstacle(_ pause: FetchPause?) -> String? {
        if isStopping.withLock({ $0 }) { return "the daemon is stopping" }
        return switch pause {
        case .disk: "fetching is paused, the disk is full"
        case .size: "fetching is paused, the spool has reached spool.retention.max_size"
        case nil: nil
        }
    }
}
