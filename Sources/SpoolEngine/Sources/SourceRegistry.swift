import Logging
package import SpoolCore
package import SpoolPipeline
import Synchronization

/// The sources as they are configured now, with what all readings of them share: the requests of each tenant and
/// the memory of pages.
///
/// The one place where fetching, refetches and `verify` get at a source, in the daemon and in a command without one.
package final class SourceRegistry: Sendable {
    private struct Desk: Sendable {
        let fingerprint: String
        let source: any Source
        let gate: RequestGate
        let ids: [StreamName: StreamID]
    }

    private struct State {
        var desks: [String: Desk] = [:]
        var gates: [String: RequestGate] = [:]
        var sinks: [SinkName] = []
    }

    /// Pages of all sources share it.
    let memory = Permits(PageFetcher.pagesAtOnce)
    private let state = Mutex(State())
    private let dates: SourceDates
    private let time: Timekeeper
    private let bells: RetryBells
    private let logger: Logger

    init(dates: SourceDates, time: Timekeeper, bells: RetryBells, logger: Logger) {
        self.dates = dates
        self.time = time
        self.bells = bells
        self.logger = logger
    }

    /// Takes the sources of a configuration over; one whose settings have not changed stays the same object, with
    /// its connections.
    package func apply(_ composition: Composition, _ registration: Registration) {
        let budgets = SharedBudget.figures(of: composition.sources.map(\.content))
        state.withLock { state in
            var desks: [String: Desk] = [:]
            for part in composition.sources {
                let source = part.content
                let known = state.desks[source.name].flatMap { $0.fingerprint == part.fingerprint ? $0 : nil }
                let perMinute = budgets[source.budgetKey] ?? source.requestsPerMinute
                // Sources on one tenant share its budget; a gate outlives a reload, so that what was asked for counts.
                let gate = state.gates[source.budgetKey] ?? RequestGate(perMinute: perMinute, time: time)
                gate.limit(toPerMinute: perMinute)
                state.gates[source.budgetKey] = gate
                desks[source.name] =
                    known
                    ?? Desk(
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
            state.desks = desks
            state.sinks = composition.sinkNames
        }
    }

    /// A source with its tenant's budget; nil when none of this name is configured.
    func source(named name: String) -> (source: any Source, gate: RequestGate)? {
        state.withLock { $0.desks[name] }.map { ($0.source, $0.gate) }
    }

    /// A stream with its source; nil when it is not configured.
    package func access(to name: StreamName) -> SourceAccess? {
        guard let desk = state.withLock({ $0.desks[name.source] }), let id = desk.ids[name],
            let stream = desk.source.streams.first(where: { $0.name == name })
        else { return nil }
        return SourceAccess(source: desk.source, stream: stream, id: id, gate: desk.gate)
    }

    /// A reader of a whole window of one stream, beside its own fetching and within its tenant's budget.
    ///
    /// A stream that is not configured is a `WindowFault.changed`, at its first page. `patience` is how long a silent
    /// source is waited for; nil: for ever.
    func windowReader(of stream: StreamName, crashes: CrashWatch, patience: Duration? = nil) -> WindowReader {
        WindowReader(
            stream: stream,
            access: { [self] in access(to: stream) },
            memory: memory,
            crashes: crashes,
            patience: patience,
            bell: bell(of: stream),
            time: time,
            logger: logger
        )
    }

    /// What ends the waits for this stream's source before their time.
    func bell(of stream: StreamName) -> RetryBell { bells.bell(of: .source(stream.source)) }

    /// Every stream that is configured.
    package var streams: [SourceStream] { state.withLock { $0.desks.values.flatMap(\.source.streams) } }

    /// The sinks of the same configuration, for commands that name some.
    package var sinks: [SinkName] { state.withLock { $0.sinks } }

    /// The sources of the same configuration.
    package var names: [String] { state.withLock { $0.desks.keys.sorted() } }

    /// Frees the connections, where no fetch loop does it at its end.
    package func shutDown() async {
        for desk in state.withLock({ $0.desks.values.map(\.source) }) { await desk.shutDown() }
    }
}
