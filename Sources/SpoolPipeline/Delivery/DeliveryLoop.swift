package import Logging
package import SpoolCore

/// Drains the spool to one sink until a stop is requested.
///
/// Each sink has its own loop, so a sink that is down, slow or misconfigured never delays another. The loop
/// implements backoff, circuit breaker, halving of refused batches, dead letters and the hold; the sink only
/// sends.
package struct DeliveryLoop: Sendable {
    /// How long a stopping loop waits for sent events to be settled.
    package static let gracePeriod = Duration.seconds(5)
    /// The pause after a receiver has closed a new connection, while there is nothing to send.
    package static let rest = Duration.seconds(60)

    private let sink: any Sink
    private let id: SinkID
    private let store: RetryingStore<any DeliveryStore & ReplayStore>
    private let time: Clocks
    private let state: StateBox
    private let reader: BatchReader
    private let reporter: SinkReporter
    private let crashes: PoisonGuard?
    private let bell: RetryBell
    private let proofs: ProofSignals
    private let logger: Logger

    package init(
        sink: any Sink,
        id: SinkID,
        store: any DeliveryStore & ReplayStore,
        crashes: PoisonGuard? = nil,
        time: Clocks,
        appended: ChangeSignal,
        lanesChanged: ChangeSignal,
        bell: RetryBell = RetryBell(),
        proofs: ProofSignals = ProofSignals(),
        logger: Logger
    ) {
        self.bell = bell
        self.proofs = proofs
        self.sink = sink
        self.id = id
        self.time = time
        self.crashes = crashes
        var logger = logger
        logger[metadataKey: "sink"] = "\(sink.name)"
        self.logger = logger
        state = StateBox(DeliveryState(limit: sink.batchLimit, doubt: sink.doubt))
        self.store = RetryingStore(store, retry: StoreRetry(time: time, logger: logger, bell: bell))
        reporter = SinkReporter(sink: id, store: store, time: time, address: sink.address)
        reader = BatchReader(
            sink: id,
            store: self.store,
            needsRaw: sink.needsRaw,
            state: state,
            time: time,
            appended: appended,
            lanesChanged: lanesChanged
        )
    }

    /// Delivers until `stop` is requested, then waits at most `gracePeriod` until sent events are settled.
    ///
    /// - Throws: an error that makes the spool unusable; all other errors become the sink's state.
    package func run(stop: ShutdownRequest) async throws(StoreError) {
        do throws(StoreError) {
            // A session is also kept open without work, so that `status` shows whether the receiver is
            // reachable.
            while !stop.isAsked, !Task.isCancelled {
                switch try await attempt(stop: stop) {
                case .again: continue
                case .rest:
                    try await bell.whileWaiting { rung async throws(StoreError) in
                        try await reader.waitForWork(for: Self.rest, or: rung, stop: stop)
                    }
                }
            }
        } catch {
            // A stop does not wait for a full disk: unsettled events are sent again.
            guard error.isPassing, stop.isAsked || Task.isCancelled else { throw error }
        }
    }

    /// What to do after a session.
    private enum Next {
        /// Open the next session immediately.
        case again
        /// Open the next session when there is something to send, or after `rest`.
        case rest
    }

    /// Runs one session, from its opening to the pause after it.
    private func attempt(stop: ShutdownRequest) async throws(StoreError) -> Next {
        state.withLock { $0.beginSession() }
        switch await SessionOpening(sink: sink).open(stop: stop) {
        case .stopped: return .again
        case .fault(let fault):
            try await pause(after: fault, stop: stop)
            return .again
        case .session(let session):
            state.withLock { $0.noteConnection(at: time.elapsed()) }
            return try await drive(session, stop: stop)
        }
    }

    private func drive(_ session: any SinkSession, stop: ShutdownRequest) async throws(StoreError) -> Next {
        let connection: ConnectionID
        do throws(StoreError) {
            connection = try await store.until(stop).opened(
                id,
                address: sink.address,
                transport: sink.type,
                doubtBytes: sink.doubt.bytes,
                at: time.wall()
            )
        } catch {
            await session.close()
            throw error
        }
        let (health, isHeld, suspicion) = state.withLock { ($0.health, $0.isHeld, $0.suspicion) }
        try await reporter.reportConnection(
            health,
            suspicion,
            isHeld: isHeld,
            message: health.lastFault?.description
        )
        logger.info("connected", metadata: ["address": "\(sink.address)"])
        let run = SessionRun(
            session: session,
            sink: sink,
            crashes: crashes,
            connection: connection,
            state: state,
            reader: reader,
            reporter: reporter,
            proofs: proofs
        )
        let end = try await run.run(stop: stop)
        return try await handleEnd(end, connection: connection, stop: stop)
    }

    private func handleEnd(_ end: SessionRun.End, connection: ConnectionID, stop: ShutdownRequest)
        async throws(StoreError)
        -> Next
    {
        let fault =
            switch end {
            case .fault(let fault): fault
            case .finished: SinkFault(.unreachable, "the session ended")
            }
        let elapsed = time.elapsed()
        let (proof, isReopening) = state.withLock { state in
            let isByUs = state.isReopening || stop.isAsked || Task.isCancelled
            return (state.end(fault, isByUs: isByUs, at: elapsed), state.isReopening)
        }
        let isClean = !fault.isUnclean && proof != .short
        try await store.until(stop).closed(connection, of: id, clean: isClean, at: time.wall())
        proofs.given.notify()
        let (lostNothing, reached) = state.withLock { state in
            defer { state.dropSession() }
            if let proof { state.noteEnd(proof) }
            return (state.inFlight.isEmpty, state.reached)
        }
        if stop.isAsked || Task.isCancelled {
            // The removal of a replay waits for this notification.
            reader.lanesChanged.notify()
            if fault.isUnclean {
                logger.notice("connection ended uncleanly", metadata: ["cause": "\(fault)"])
            }
            return .again
        }
        if isReopening, isClean {
            logger.debug("connection reopened", metadata: ["address": "\(sink.address)"])
            return .again
        }
        if lostNothing, isClean, fault.kind == .unreachable {
            // A receiver may close an idle connection. If it closes the connection before anything was
            // settled, although there are events to send, the attempt has failed.
            let isNormal = reached == .settling ? true : try await !reader.hasWork(stop)
            if isNormal {
                logger.info("connection closed by the receiver", metadata: ["cause": "\(fault)"])
                // After a long connection a new one is opened immediately, so that `status` shows whether the
                // receiver is reachable.
                return state.withLock { $0.hasLasted(Self.rest, at: time.elapsed()) } ? .again : .rest
            }
        }
        try await pause(after: fault, stop: stop)
        return .again
    }

    private func pause(after fault: SinkFault, stop: ShutdownRequest) async throws(StoreError) {
        let (elapsed, chance) = (time.elapsed(), time.chance())
        let (pause, health, isHeld, isRefusing, suspicion) = state.withLock { state in
            let pause = state.noteFailure(fault, elapsed: elapsed, chance: chance)
            return (pause, state.health, state.isHeld, state.hold.isOn, state.suspicion)
        }
        var message = suspicion.text(sink.address) ?? fault.description
        if isRefusing, fault != .massRefusal {
            message =
                "the receiver rejects most events, so the sink is held; the last attempt failed: \(message)"
        }
        if health.isCutEarly {
            message +=
                " (\(sink.address) closed \(health.cuts) connections in a row before what was sent could be "
                + "settled, so the receiver gets duplicates; check its log and its limits)"
        }
        logger.log(
            level: health.failures == 1 || health.failures.isMultiple(of: 20) ? .warning : .debug,
            "delivery failed",
            metadata: [
                "cause": "\(message)", "attempt": "\(health.failures)",
                "retry_in_ms": "\(pause.milliseconds)",
            ]
        )
        try await reporter.reportFailure(
            health,
            suspicion,
            isHeld: isHeld,
            message: message,
            pause: pause
        )
        await bell.wait(pause, time: time, stop: stop)
        // Ends replays that have nothing to send, even while the sink is down.
        _ = try await reader.hasWork(stop)
    }
}

/// Signals by which a comparison makes delivery loops prove their settlements before
/// `KernelDoubt.reopenAfter`.
package struct ProofSignals: Sendable {
    /// Requests each loop to reopen a connection that has unproved settlements.
    package let wanted = ChangeSignal()
    /// Notified when a connection has ended and its end has been recorded.
    package let given = ChangeSignal()

    package init() {}
}

/// Opens a session, unless a stop is requested first: a connect timeout must not delay a stop.
struct SessionOpening: Sendable {
    enum Result: Sendable {
        case session(any SinkSession)
        case fault(SinkFault)
        case stopped
    }

    let sink: any Sink

    func open(stop: ShutdownRequest) async -> Result {
        let results = await race(
            { await attempt() },
            {
                await stop.asked()
                return .stopped
            }
        )
        guard let first = results.first, case .stopped = first else { return results.first ?? .stopped }
        // The attempt may have succeeded nevertheless.
        for case .session(let late) in results { await late.close() }
        return .stopped
    }

    private func attempt() async -> Result {
        do throws(SinkFault) {
            return .session(try await sink.open())
        } catch {
            return .fault(error)
        }
    }
}
