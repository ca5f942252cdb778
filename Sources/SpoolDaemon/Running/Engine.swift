import Logging
import SpoolConfig
import SpoolCore
import SpoolPipeline
import SpoolSinks
import SpoolStore
import Synchronization

/// What runs while the daemon runs: fetch loops, delivery loops, retention, over one spool.
final class Engine: Sendable {
    let spool: Spool
    let time: Timekeeper
    /// Given when a page was spooled.
    let appended = Signal()
    /// Given when a sweep has come to its end.
    let swept = Signal()
    /// Given when replays or subscriptions have changed.
    let lanesChanged = Signal()
    /// The reloads that were asked for.
    let reloads: Reloads
    /// Between comparisons and delivery loops.
    let proofs = ProofSignals()
    /// The one backup that is made at a time.
    let backups = BackupDesk()
    /// By what retention goes; nil before a configuration was applied.
    let retentionRules = Mutex<RetentionRules?>(nil)
    let meters: Meters
    /// End the waits before the next attempts.
    let bells = RetryBells()
    private let dates: SourceDates
    private let workforce = Workforce()
    private let crashWatch = Mutex<CrashWatch?>(nil)
    /// Where fetching, refetches and `verify` get at a source.
    let sources: SourceDesk
    /// Compares source, spool and ledger, one proof after the other.
    let verifier = Verifier()
    private let criticalErrors = CriticalErrors()
    private let settings = Mutex(NotificationSettings())
    let logger: Logger

    init(spool: Spool, time: Timekeeper, reloads: Reloads = Reloads(), logger: Logger) {
        self.spool = spool
        self.time = time
        self.reloads = reloads
        self.logger = logger
        dates = SourceDates(time: time)
        meters = Meters(spool: spool, time: time)
        sources = SourceDesk(dates: dates, time: time, logger: logger)
    }

    /// A reader of a whole window of one stream, beside its own fetching and within its tenant's budget.
    ///
    /// The configuration is known once `apply` has run, or `sources.apply` where no loops are wanted.
    ///
    /// A stream that is not configured is a `WindowFault.changed`, at its first page. `patience` is how long a silent
    /// source is waited for; nil: for ever.
    func windowReader(of stream: StreamName, patience: Duration? = nil) async throws(StoreError)
        -> WindowReader
    {
        WindowReader(
            stream: stream,
            access: { [sources] in sources.access(to: stream) },
            memory: sources.memory,
            crashes: try await crashes(),
            patience: patience,
            bell: bells.bell(of: .source(stream.source)),
            time: time,
            logger: logger
        )
    }

    /// What spools the pages of such a window; nil when the stream is not configured.
    func pageAppender(of stream: StreamName) -> PageAppender? {
        sources.access(to: stream).map {
            PageAppender(
                $0,
                store: spool,
                time: time,
                appended: appended,
                bell: bells.bell(of: .source(stream.source)),
                logger: logger
            )
        }
    }

    /// Makes the loops of a configuration run, in place of what ran before.
    ///
    /// One transaction creates streams, sinks and subscriptions before the first request.
    ///
    /// - Returns: what the operator should know of it: sinks that are held, settings without effect.
    @discardableResult
    func apply(_ composition: Composition) async throws(StoreError) -> [String] {
        // Before the registration: a reload that fails here has changed nothing.
        let crashes = try await crashes()
        let registration = try await spool.register(composition.roster, at: time.wall())
        for (sink, cause) in registration.held {
            logger.error("sink held", metadata: ["sink": "\(sink)", "cause": "\(cause)"])
        }
        for note in registration.notes {
            logger.warning("configuration", metadata: ["cause": "\(note)"])
        }
        spool.limit(to: composition.spool.maxSize)
        spool.keepIDs(ofAuditsOver: composition.audit.window)
        sources.apply(composition, registration)
        criticalErrors.limit(to: composition.notifications.tooManyCriticalErrors)
        settings.withLock { $0 = composition.notifications }
        try await meters.begin()
        await workforce.run(jobs(of: composition, registration, crashes))
        lanesChanged.notify()
        // A reload may be the operator's answer to a failure: nothing waits for its next attempt.
        bells.ringAll()
        return registration.held.sorted { $0.key.text < $1.key.text }.map(\.value) + registration.notes
    }

    /// What earlier runs have told of records that trap; read once, at the first asking.
    func crashes() async throws(StoreError) -> CrashWatch {
        if let known = crashWatch.withLock({ $0 }) { return known }
        let watch = try await CrashWatch.begin(spool, time: time, logger: logger)
        return crashWatch.withLock { known in
            let first = known ?? watch
            known = first
            return first
        }
    }

    /// What the sources' clocks say, for every stream that has been answered since the start.
    var sourceDates: [StreamID: Timestamp] { dates.now() }

    /// Ends every loop in good order.
    func stop() async { await workforce.stop() }

    /// Throws when the spool has become unusable; returns when the loops have ended in good order.
    func failure() async throws {
        for await error in workforce.failed { throw error.endingLoop }
    }

    /// Throws when there were too many critical errors, if that is to end the daemon; returns when cancelled.
    func tooManyErrors() async throws {
        for await error in criticalErrors.exceeded { throw error }
    }

    /// After how long what is told of, as configured last.
    var notifications: NotificationSettings { settings.withLock { $0 } }

    private func jobs(of composition: Composition, _ registration: Registration, _ crashes: CrashWatch)
        -> [Workforce.Job]
    {
        composition.sources.compactMap { fetching($0, registration, crashes) }
            + composition.sinks.compactMap { delivering($0, registration, crashes) }
            + [
                retention(composition, registration), watching(composition), deriving(crashes),
                replaying(crashes),
            ]
            + [verifying(composition)]
    }

    private func replaying(_ crashes: CrashWatch) -> Workforce.Job {
        let workers = replayWorkers(crashes)
        return Workforce.Job(name: "replays", fingerprint: "") { stop throws(StoreError) in
            try await workers.run(stop: stop)
        }
    }

    /// What runs replays beside the sinks' own loops.
    func replayWorkers(_ crashes: CrashWatch) -> ReplayWorkers {
        ReplayWorkers(
            spool: spool,
            sources: sources,
            crashes: crashes,
            time: time,
            appended: appended,
            lanesChanged: lanesChanged,
            bells: bells,
            logger: logger
        )
    }

    private func verifying(_ composition: Composition) -> Workforce.Job {
        let audit = composition.audit
        return Workforce.Job(name: "verify", fingerprint: "\(audit)") { [self] stop throws(StoreError) in
            try await verifier.run(on: self, audit: audit, stop: stop)
        }
    }

    private func deriving(_ crashes: CrashWatch) -> Workforce.Job {
        let derivation = Derivation(spool: spool, crashes: crashes, time: time, logger: logger)
        return Workforce.Job(name: "derivation", fingerprint: "") { stop throws(StoreError) in
            try await derivation.run(stop: stop)
        }
    }

    private func watching(_ composition: Composition) -> Workforce.Job {
        let streams = composition.sources.flatMap(\.content.streams)
        let watchman = Watchman(
            spool: spool,
            rules: NotificationRules(
                maxSize: composition.spool.maxSize,
                lookBacks: Dictionary(streams.map { ($0.name, $0.lookBack) }) { first, _ in first },
                settings: composition.notifications,
                audit: composition.audit.every.map { ($0, { [meters] in meters.age }) }
            ),
            time: time,
            appended: appended,
            logger: logger,
            meters: meters,
            reloads: reloads
        )
        let print =
            "\(composition.spool.maxSize) \(composition.notifications) \(composition.audit) \(streams.map { "\($0.name)\($0.lookBack)" })"
        return Workforce.Job(name: "watchman", fingerprint: print) { stop throws(StoreError) in
            try await watchman.run(stop: stop)
        }
    }

    private func fetching(
        _ part: Composition.Part<any Source>,
        _ registration: Registration,
        _ crashes: CrashWatch
    ) -> Workforce.Job? {
        guard let (source, gate) = sources.source(named: part.content.name) else { return nil }
        let loop = FetchLoop(
            source: CountedSource(source: source, errors: criticalErrors),
            streams: registration.streams,
            store: spool,
            gate: gate,
            memory: sources.memory,
            crashes: crashes,
            time: time,
            appended: appended,
            swept: swept,
            bell: bells.bell(of: .source(source.name)),
            logger: logger
        )
        // After a rename the same settings are another row's.
        let rows = source.streams.compactMap { registration.streams[$0.name]?.description }.joined(
            separator: ","
        )
        return Workforce.Job(name: "source \(source.name)", fingerprint: "\(part.fingerprint) \(rows)") {
            stop throws(StoreError) in try await loop.run(stop: stop)
        }
    }

    private func delivering(
        _ part: Composition.Part<ConfiguredSink>,
        _ registration: Registration,
        _ crashes: CrashWatch
    ) -> Workforce.Job? {
        let sink = CountedSink(sink: part.content.sink, errors: criticalErrors)
        guard let id = registration.sinks[sink.name] else { return nil }
        let loop = DeliveryLoop(
            sink: sink,
            id: id,
            store: spool,
            crashes: crashes,
            time: time,
            appended: appended,
            lanesChanged: lanesChanged,
            bell: bells.bell(of: .sink(sink.name)),
            proofs: proofs,
            logger: logger
        )
        return Workforce.Job(name: "sink \(sink.name)", fingerprint: "\(part.fingerprint) \(id)") {
            stop throws(StoreError) in try await loop.run(stop: stop)
        }
    }

    private func retention(_ composition: Composition, _ registration: Registration) -> Workforce.Job {
        let age = composition.spool.retentionAge
        let sweepsBack = composition.sources.flatMap(\.content.streams).reduce(into: [StreamID: Duration]()) {
            guard let id = registration.streams[$1.name] else { return }
            $0[id] = $1.sweepsBack ? $1.lookBack : .zero
        }
        let retention = Retention(
            spool: spool,
            dates: dates,
            time: time,
            logger: logger,
            pruned: lanesChanged,
            proofs: proofs
        )
        retentionRules.withLock { $0 = RetentionRules(composition, registration) }
        let streams = sweepsBack.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
        return Workforce.Job(name: "retention", fingerprint: "\(age) \(streams)") { stop throws(StoreError) in
            try await retention.run(age: age, sweepsBack: sweepsBack, stop: stop)
        }
    }
}

extension StoreError {
    /// The error as the end of a loop: what a loop asks of the spool is never wrong use by who started the daemon.
    ///
    /// A supervisor does not start again after wrong use, and after an error of ours it must.
    var endingLoop: StoreError {
        guard kind == .invalid else { return self }
        return StoreError(
            .io,
            "\(description) This is an error of spool, report it; started again, it goes on from what is in the spool."
        )
    }
}
