package import Logging
package import SpoolConfig
package import SpoolCore
package import SpoolPipeline
import SpoolSinks
package import SpoolStore
import Synchronization

/// What runs while the daemon runs: fetch loops, delivery loops, retention, over one spool.
package final class Engine: Sendable {
    package let spool: Spool
    package let time: Timekeeper
    /// Given when a page was spooled.
    package let appended = Signal()
    /// Given when a sweep has come to its end.
    let swept = Signal()
    /// Given when replays or subscriptions have changed.
    package let lanesChanged = Signal()
    /// The reloads that were asked for.
    package let reloads: Reloads
    /// Between comparisons and delivery loops.
    let proofs = ProofSignals()
    /// The one backup that is made at a time.
    package let backups = BackupRunner()
    /// By what retention goes; nil before a configuration was applied.
    let retentionRules = Mutex<RetentionRules?>(nil)
    package let recorder: MetricsRecorder
    /// End the waits before the next attempts.
    let bells = RetryBells()
    private let dates: SourceDates
    private let supervisor = LoopSupervisor()
    private let knownCrashes: KnownCrashes
    /// Where fetching, refetches and `verify` get at a source.
    package let sources: SourceRegistry
    /// Compares source, spool and ledger, one proof after the other.
    package let audits: AuditLoop
    /// What a proof works with.
    let proofContext: ProofContext
    private let criticalErrors = CriticalErrors()
    private let settings = Mutex(NotificationSettings())
    package let logger: Logger

    /// An engine over a spool; `apply` starts its loops.
    package init(spool: Spool, time: Timekeeper, reloads: Reloads = Reloads(), logger: Logger) {
        self.spool = spool
        self.time = time
        self.reloads = reloads
        self.logger = logger
        dates = SourceDates(time: time)
        recorder = MetricsRecorder(spool: spool, time: time)
        sources = SourceRegistry(dates: dates, time: time, bells: bells, logger: logger)
        knownCrashes = KnownCrashes(spool: spool, time: time, logger: logger)
        proofContext = ProofContext(
            spool: spool,
            sources: sources,
            crashes: knownCrashes,
            time: time,
            appended: appended,
            swept: swept,
            lanesChanged: lanesChanged,
            proofs: proofs,
            logger: logger
        )
        audits = AuditLoop(proofContext)
    }

    /// Makes the loops of a configuration run, in place of what ran before.
    ///
    /// One transaction creates streams, sinks and subscriptions before the first request.
    ///
    /// - Returns: what the operator should know of it: sinks that are held, settings without effect.
    @discardableResult
    package func apply(_ composition: Composition) async throws(StoreError) -> [String] {
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
        try await recorder.begin()
        await supervisor.run(loops(of: composition, registration, crashes))
        lanesChanged.notify()
        // A reload may be the operator's answer to a failure: nothing waits for its next attempt.
        bells.ringAll()
        return registration.held.sorted { $0.key.text < $1.key.text }.map(\.value) + registration.notes
    }

    /// What earlier runs have told of records that trap; read once, at the first asking.
    package func crashes() async throws(StoreError) -> CrashWatch { try await knownCrashes.watch() }

    /// What the sources' clocks say, for every stream that has been answered since the start.
    package var sourceDates: [StreamID: Timestamp] { dates.now() }

    /// Ends every loop in good order.
    package func stop() async { await supervisor.stop() }

    /// Throws when the spool has become unusable; returns when the loops have ended in good order.
    package func failure() async throws {
        for await error in supervisor.failed { throw error.endingLoop }
    }

    /// Throws when there were too many critical errors, if that is to end the daemon; returns when cancelled.
    package func tooManyErrors() async throws {
        for await error in criticalErrors.exceeded { throw error }
    }

    /// A proof made by a command that has the spool to itself; `patience` is how long a silent source is waited for.
    package func verification(patience: Duration, tell: @escaping @Sendable (String) -> Void) -> Verification
    {
        Verification(context: proofContext, isDaemon: false, patience: patience, tell: tell)
    }

    /// After how long what is told of, as configured last.
    package var notifications: NotificationSettings { settings.withLock { $0 } }

    private func loops(of composition: Composition, _ registration: Registration, _ crashes: CrashWatch)
        -> [LoopSupervisor.Loop]
    {
        composition.sources.compactMap { fetchLoop($0, registration, crashes) }
            + composition.sinks.compactMap { deliveryLoop($0, registration, crashes) }
            + [
                retentionLoop(composition, registration), notificationLoop(composition),
                derivationLoop(crashes),
                replayLoop(crashes),
            ]
            + [auditLoop(composition)]
    }

    private func replayLoop(_ crashes: CrashWatch) -> LoopSupervisor.Loop {
        let loop = replays(crashes)
        return LoopSupervisor.Loop(name: "replays", fingerprint: "") { stop throws(StoreError) in
            try await loop.run(stop: stop)
        }
    }

    /// What runs replays beside the sinks' own loops.
    func replays(_ crashes: CrashWatch) -> ReplayLoop {
        ReplayLoop(
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

    private func auditLoop(_ composition: Composition) -> LoopSupervisor.Loop {
        let audit = composition.audit
        return LoopSupervisor.Loop(name: "verify", fingerprint: "\(audit)") {
            [audits] stop throws(StoreError) in
            try await audits.run(audit: audit, stop: stop)
        }
    }

    private func derivationLoop(_ crashes: CrashWatch) -> LoopSupervisor.Loop {
        let loop = DerivationLoop(spool: spool, crashes: crashes, time: time, logger: logger)
        return LoopSupervisor.Loop(name: "derivation", fingerprint: "") { stop throws(StoreError) in
            try await loop.run(stop: stop)
        }
    }

    private func notificationLoop(_ composition: Composition) -> LoopSupervisor.Loop {
        let streams = composition.sources.flatMap(\.content.streams)
        let loop = NotificationLoop(
            spool: spool,
            rules: NotificationRules(
                maxSize: composition.spool.maxSize,
                lookBacks: Dictionary(streams.map { ($0.name, $0.lookBack) }) { first, _ in first },
                settings: composition.notifications,
                audit: composition.audit.every.map { ($0, { [recorder] in recorder.age }) }
            ),
            time: time,
            appended: appended,
            logger: logger,
            recorder: recorder,
            reloads: reloads
        )
        let print =
            "\(composition.spool.maxSize) \(composition.notifications) \(composition.audit) \(streams.map { "\($0.name)\($0.lookBack)" })"
        return LoopSupervisor.Loop(name: "notifications", fingerprint: print) { stop throws(StoreError) in
            try await loop.run(stop: stop)
        }
    }

    private func fetchLoop(
        _ part: Composition.Part<any Source>,
        _ registration: Registration,
        _ crashes: CrashWatch
    ) -> LoopSupervisor.Loop? {
        guard let (source, gate) = sources.source(named: part.content.name) else { return nil }
        let loop = FetchLoop(
            source: CountedSource(base: source, errors: criticalErrors),
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
        return LoopSupervisor.Loop(name: "source \(source.name)", fingerprint: "\(part.fingerprint) \(rows)")
        {
            stop throws(StoreError) in try await loop.run(stop: stop)
        }
    }

    private func deliveryLoop(
        _ part: Composition.Part<ConfiguredSink>,
        _ registration: Registration,
        _ crashes: CrashWatch
    ) -> LoopSupervisor.Loop? {
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
        return LoopSupervisor.Loop(name: "sink \(sink.name)", fingerprint: "\(part.fingerprint) \(id)") {
            stop throws(StoreError) in try await loop.run(stop: stop)
        }
    }

    private func retentionLoop(_ composition: Composition, _ registration: Registration)
        -> LoopSupervisor.Loop
    {
        let rules = RetentionRules(composition, registration)
        let loop = RetentionLoop(
            spool: spool,
            dates: dates,
            time: time,
            logger: logger,
            pruned: lanesChanged,
            proofs: proofs
        )
        retentionRules.withLock { $0 = rules }
        let streams = rules.sweepsBack.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
        return LoopSupervisor.Loop(name: "retention", fingerprint: "\(rules.age) \(streams)") {
            stop throws(StoreError) in
            try await loop.run(age: rules.age, sweepsBack: rules.sweepsBack, stop: stop)
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
            "\(description) This is a bug in spool; please report it. "
                + "After a restart it continues from the spool."
        )
    }
}
