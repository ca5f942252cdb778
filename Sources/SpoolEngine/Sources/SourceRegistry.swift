import Logging
package import SpoolCore
package import SpoolPipeline
import Synchronization

/// The currently configured sources with the resources that all reads share: the request budget of each
/// tenant and the page memory.
///
/// Fetching, refetches and `verify` reach sources only through this registry, both in the daemon and in a
/// command without a daemon.
package final class SourceRegistry: Sendable {
    private struct Entry: Sendable {
        let fingerprint: String
        let source: any Source
        let gate: RequestGate
        let ids: [StreamName: StreamID]
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var gates: [String: RequestGate] = [:]
        var sinks: [SinkName] = []
    }

    /// Shared by the pages of all sources.
    let memory = AsyncSemaphore(PageFetcher.pagesAtOnce)
    private let state = Mutex(State())
    private let dates: SourceDates
    private let time: Clocks
    private let bells: RetryBells
    private let logger: Logger

    init(dates: SourceDates, time: Clocks, bells: RetryBells, logger: Logger) {
        self.dates = dates
        self.time = time
        self.bells = bells
        self.logger = logger
    }

    /// Applies the sources of a configuration; a source whose settings have not changed keeps its object and
    /// connections.
    package func apply(_ composition: Composition, _ registration: Registration) {
        let budgets = SharedBudget.figures(of: composition.sources.map(\.content))
        state.withLock { state in
            var entries: [String: Entry] = [:]
            for part in composition.sources {
                let source = part.content
                let known = state.entries[source.name].flatMap {
                    $0.fingerprint == part.fingerprint ? $0 : nil
                }
                let perMinute = budgets[source.budgetKey] ?? source.requestsPerMinute
                // Sources on one tenant share its gate; the gate survives a reload, so that requests made
                // before the reload still count.
                let gate = state.gates[source.budgetKey] ?? RequestGate(perMinute: perMinute, time: time)
                gate.limit(toPerMinute: perMinute)
                state.gates[source.budgetKey] = gate
                entries[source.name] =
                    known
                    ?? Entry(
                        fingerprint: part.fingerprint,
                        source: DatedSource(
                            base: ClockedSource(source, time: time, logger: logger),
                            ids: registration.streams,
                            dates: dates
                        ),
                        gate: gate,
                        ids: registration.streams
                    )
            }
            state.entries = entries
            state.sinks = composition.sinkNames
        }
    }

    /// A source with its tenant's budget; nil if no source of this name is configured.
    func source(named name: String) -> (source: any Source, gate: RequestGate)? {
        state.withLock { $0.entries[name] }.map { ($0.source, $0.gate) }
    }

    /// A stream with its source; nil if it is not configured.
    package func access(to name: StreamName) -> SourceAccess? {
        guard let entry = state.withLock({ $0.entries[name.source] }), let id = entry.ids[name],
            let stream = entry.source.streams.first(where: { $0.name == name })
        else { return nil }
        return SourceAccess(source: entry.source, stream: stream, id: id, gate: entry.gate)
    }

    /// A reader of a whole window of one stream, independent of the stream's fetch loop and within its
    /// tenant's budget.
    ///
    /// If the stream is not configured, the first page throws `WindowFault.changed`. `timeout` is how long
    /// the reader waits for a source that does not respond; nil: indefinitely.
    func windowReader(of stream: StreamName, crashes: PoisonGuard, timeout: Duration? = nil) -> WindowReader {
        WindowReader(
            stream: stream,
            access: { [self] in access(to: stream) },
            memory: memory,
            crashes: crashes,
            timeout: timeout,
            bell: bell(of: stream),
            time: time,
            logger: logger
        )
    }

    /// The bell that ends waits for this stream's source early.
    func bell(of stream: StreamName) -> RetryBell { bells.bell(of: .source(stream.source)) }

    /// All configured streams.
    package var streams: [SourceStream] { state.withLock { $0.entries.values.flatMap(\.source.streams) } }

    /// The sinks of the same configuration, for commands that take sink names.
    package var sinks: [SinkName] { state.withLock { $0.sinks } }

    /// The names of the configured sources.
    package var names: [String] { state.withLock { $0.entries.keys.sorted() } }

    /// Closes the connections if no fetch loop runs that would close them.
    package func shutDown() async {
        for entry in state.withLock({ $0.entries.values.map(\.source) }) { await entry.shutDown() }
    }
}

/// A source that records the source's time from each response, even while fetching is paused: only retention
/// frees space then, and retention requires that time.
struct DatedSource: ForwardingSource {
    let base: any Source
    /// The ids of its streams in the spool.
    let ids: [StreamName: StreamID]
    let dates: SourceDates

    func date(for stream: SourceStream) async throws(SourceFault) -> Timestamp {
        let date = try await base.date(for: stream)
        note(date, of: stream)
        return date
    }

    func answer(of stream: SourceStream, scan: Scan, limit: Int) async throws(SourceFault)
        -> any SourceAnswer
    {
        let answer = try await base.answer(of: stream, scan: scan, limit: limit)
        return DatedAnswer(base: answer) { note($0, of: stream) }
    }

    private func note(_ date: Timestamp, of stream: SourceStream) {
        if let id = ids[stream.name] { dates.note(date, of: id) }
    }
}

/// An answer that reports its date when it is read.
private struct DatedAnswer: ForwardingAnswer {
    let base: any SourceAnswer
    let note: @Sendable (Timestamp) -> Void

    func page(leaving unread: Set<Int>) throws(SourceFault) -> Page {
        let page = try base.page(leaving: unread)
        note(page.date)
        return page
    }
}

/// The sources' clocks, as their responses report them; retention uses them, never the local clock.
final class SourceDates: Sendable {
    private let dates = Mutex<[StreamID: (date: Timestamp, at: Duration)]>([:])
    private let time: Clocks

    init(time: Clocks) { self.time = time }

    /// Records the `Date` of a response.
    func note(_ date: Timestamp, of stream: StreamID) {
        dates.withLock { $0[stream] = (date, time.elapsed()) }
    }

    /// The source's current time for every stream that has had a response since the start.
    func now() -> [StreamID: Timestamp] {
        dates.withLock { dates in dates.mapValues { $0.date + (time.elapsed() - $0.at) } }
    }
}
