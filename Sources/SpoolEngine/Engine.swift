package import Logging
package import SpoolConfig
package import SpoolCore
package import SpoolPipeline
import SpoolSinks
package import SpoolStore
import Synchronization

/// Runs the daemon's loops over one spool: fetching, delivery, retention, notifications, replays, audits.
package final class Engine: Sendable {
    package let spool: Spool
    package let time: Clocks
    /// Notified when a page was spooled.
    package let appended = ChangeSignal()
    /// Notified when a sweep has ended.
    let swept = ChangeSignal()
    /// Notified when replays or subscriptions have changed.
    package let lanesChanged = ChangeSignal()
    /// The requested reloads.
    package let reloads: Reloads
    /// The signals between comparisons and delivery loops.
    let proofs = ProofSignals()
    /// Runs one backup at a time.
    package let backups = BackupRunner()
    /// The retention rules; nil until a configuration is applied.
    let retentionRules = Mutex<RetentionRules?>(nil)
    package let recorder: MetricsRecorder
    /// End the waits before the next attempt.
    let bells = RetryBells()
    private let dates: SourceDates
    private let savesState: Bool
    private let supervisor = LoopSupervisor()
    private let knownCrashes: SharedPoisonGuard
    /// The sources that fetching, refetches and `verify` use.
    package let sources: SourceRegistry
    /// Compares source, spool and ledger, one proof at a time.
    package let audits: AuditLoop
    /// The dependencies of a proof.
    let proofContext: ProofContext
    private let criticalErrors = CriticalErrors()
    private let settings = Mutex(NotificationSettings())
    package let logger: Logger

    /// Creates an engine over a spool; `apply` starts its loops.
    ///
    /// - Parameters:
    ///   - spool: the spool, open for writing.
    ///   - time: the clocks.
    ///   - reloads: the requested reloads.
    ///   - savesState: false to write no copy of the spool's state.
    ///   - logger: for the loops.
    package init(
        spool: Spool,
        time: Clocks,
        reloads: Reloads = Reloads(),
        savesState: Bool = true,
        logger: Logger
    ) {
        self.savesState = savesState
        self.spool = spool
        self.time = time
        self.reloads = reloads
        self.logger = logger
        dates = SourceDates(time: time)
        recorder = MetricsRecorder(spool: spool, time: time)
        sources = SourceRegistry(dates: dates, time: time, bells: bells, logger: logger)
        knownCrashes = SharedPoisonGuard(spool: spool, time: time, logger: logger)
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

    /// Runs the loops of a configuration, replacing those that ran before.
    ///
    /// One transaction creates streams, sinks and subscriptions before the first request.
    ///
    /// - Returns: notes for the operator: held sinks and settings without effect.
    @discardableResult
    package func apply(_ composition: Composition) async throws(StoreError) -> [String] {
        // Must precede the registration: a reload that fails here has changed nothing.
        let crashes = try await crashes()
        let registration = try await spool.register(composition.topology, at: time.wall())
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
        // A reload may be the operator's fix for a failure: retry everything immediately.
        bells.ringAll()
        return registration.held.sorted { $0.key.text < $1.key.text }.map(\.value) + registration.notes
    }

    /// The poison records noted by earlier runs; read once, on first use.
    package func crashes() async throws(StoreError) -> PoisonGuard { try await knownCrashes.watch() }

    /// The source's current time for every stream that has had a response since the start.
    package var sourceDates: [StreamID: Timestamp] { dates.now() }

    /// Stops every loop cleanly.
    package func stop() async { await supervisor.stop() }

    /// Throws when the spool has become unusable; returns when the loops have stopped cleanly.
    package func failure() async throws {
        for await error in supervisor.failed { throw error.endingLoop }
    }

    /// Throws when the configured limit of critical errors is reached; returns when cancelled.
    package func tooManyErrors() async throws {
        for await error in criticalErrors.exceeded { throw error }
    }

    /// Creates a verification for a command that holds the spool itself; `timeout` is how long it waits for
    /// a source that does not respond.
    package func verification(timeout: Duration, tell: @escaping @Sendable (String) -> Void) -> Verification {
        Verification(context: proofContext, isDaemon: false, timeout: timeout, tell: tell)
    }

    /// The notification thresholds of the current configuration.
    package var notifications: NotificationSettings { settings.withLock { $0 } }

    private func loops(of composition: Composition, _ registration: Registration, _ crashes: PoisonGuard)
        -> [LoopSupervisor.Loop]
    {
        composition.sources.compactMap { fetchLoop($0, registration, crashes) }
            + composition.sinks.compactMap { deliveryLoop($0, registration, crashes) }
            + [
                retentionLoop(composition, registration), notificationLoop(composition),
                derivationLoop(crashes),
                replayLoop(crashes),
            ] + (savesState ? [stateLoop()] : [])
            + [auditLoop(composition)]
    }

    private func replayLoop(_ crashes: PoisonGuard) -> LoopSupervisor.Loop {
        let loop = replays(crashes)
        return LoopSupervisor.Loop(name: "replays", fingerprint: "") { stop throws(StoreError) in
            try await loop.run(stop: stop)
        }
    }

    /// Creates the loop that runs refetches and replays to ad-hoc destinations.
    func replays(_ crashes: PoisonGuard) -> ReplayLoop {
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

    private func stateLoop() -> LoopSupervisor.Loop {
        let loop = StateLoop(spool: spool, time: time, logger: logger)
        return LoopSupervisor.Loop(name: "state", fingerprint: "") { stop throws(StoreError) in
            try await loop.run(stop: stop)
        }
    }

    private func derivationLoop(_ crashes: PoisonGuard) -> LoopSupervisor.Loop {
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
            "\(composition.spool.maxSize) \(composition.notifications) \(composition.audit) "
            + "\(streams.map { "\($0.name)\($0.lookBack)" })"
        return LoopSupervisor.Loop(name: "notifications", fingerprint: print) { stop throws(StoreError) in
            try await loop.run(stop: stop)
        }
    }

    private func fetchLoop(
        _ part: Composition.Part<any Source>,
        _ registration: Registration,
        _ crashes: PoisonGuard
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
        // After a rename the same settings belong to another row.
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
        _ crashes: PoisonGuard
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
    /// The error that ends a loop: an invalid request by a loop is a bug, not a usage error of the operator.
    ///
    /// The service manager does not restart the daemon after a usage error, but must restart it after a bug.
    var endingLoop: StoreError {
        guard kind == .invalid else { return self }
        return StoreError(
            .io,
            "\(description) This is a bug in spool; please report it. "
                + "After a restart it continues from the spool."
        )
    }
}
