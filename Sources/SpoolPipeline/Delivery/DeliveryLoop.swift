package import Logging
package import SpoolCore

/// Drains the spool to one sink until it is told to stop.
///
/// Each sink has its own: one that is down, slow or wrongly set up never delays another. It owns backoff,
/// breaker, halving of refused batches, dead letters and the hold; the sink only sends.
package struct DeliveryLoop: Sendable {
    /// How long a stopping loop waits for what it has sent.
    package static let patience = Duration.seconds(5)

    private let sink: any Sink
    private let id: SinkID
    private let store: any DeliveryStore & ReplayStore
    private let time: Timekeeper
    private let state: StateBox
    private let reader: BatchReader
    private let reporter: SinkReporter
    private let crashes: CrashWatch?
    private let patiently: Patience
    private let logger: Logger

    package init(
        sink: any Sink,
        id: SinkID,
        store: any DeliveryStore & ReplayStore,
        crashes: CrashWatch? = nil,
        time: Timekeeper,
        appended: Signal,
        lanesChanged: Signal,
        logger: Logger
    ) {
        self.sink = sink
        self.id = id
        self.store = store
        self.time = time
        self.crashes = crashes
        var logger = logger
        logger[metadataKey: "sink"] = "\(sink.name)"
        self.logger = logger
        state = StateBox(DeliveryState(limit: sink.batchLimit))
        patiently = Patience(time: time, logger: logger)
        reporter = SinkReporter(sink: id, store: store, time: time)
        reader = BatchReader(
            sink: id,
            store: store,
            needsRaw: sink.needsRaw,
            state: state,
            time: time,
            patiently: patiently,
            appended: appended,
            lanesChanged: lanesChanged
        )
    }

    /// Delivers until `stop` is asked for, then lets what was sent settle, for at most `patience`.
    ///
    /// - Throws: what makes the spool unusable; everything else is a state of the sink.
    package func run(stop: Stop) async throws(StoreError) {
        do throws(StoreError) {
            // The first session is opened without work, so that `status` tells at once whether it can be had.
            repeat {
                try await attempt(stop: stop)
            } while try await reader.waitForWork(stop: stop)
        } catch {
            // Told to stop, it does not wait for the disk: what is not settled is sent again.
            guard error.isPassing, stop.isAsked || Task.isCancelled else { throw error }
        }
    }

    /// One session from its opening to the pause after it.
    private func attempt(stop: Stop) async throws(StoreError) {
        state.withLock { $0.beginSession() }
        switch await SessionOpening(sink: sink).open(stop: stop) {
        case .stopped: return
        case .fault(let fault): try await pause(after: fault, stop: stop)
        case .session(let session):
            state.withLock { $0.connected() }
            try await drive(session, stop: stop)
        }
    }

    private func drive(_ session: any SinkSession, stop: Stop) async throws(StoreError) {
        let connection: ConnectionID
        do throws(StoreError) {
            connection = try await patiently("noting a connection", stop: stop) {
                () async throws(StoreError) in
                try await store.opened(id, address: sink.address, transport: sink.type, at: time.wall())
            }
        } catch {
            await session.close()
            throw error
        }
        let health = state.withLock { $0.health }
        try await reporter.connected(health, message: health.lastFault?.description)
        logger.info("connected", metadata: ["address": "\(sink.address)"])
        let run = SessionRun(
            session: session,
            sink: sink,
            crashes: crashes,
            connection: connection,
            state: state,
            reader: reader,
            reporter: reporter,
            settler: Settler(sink: id, store: store, patiently: patiently)
        )
        let end = try await run.run(stop: stop)
        try await ended(end, connection: connection, stop: stop)
    }

    private func ended(_ end: SessionRun.End, connection: ConnectionID, stop: Stop) async throws(StoreError) {
        let fault =
            switch end {
            case .fault(let fault): fault
            case .finished: SinkFault(.unreachable, "the session came to its end")
            }
        try await patiently("noting a connection's end", stop: stop) { () async throws(StoreError) in
            try await store.closed(connection, clean: !fault.isUnclean, at: time.wall())
        }
        let (lostNothing, reached) = state.withLock { state in
            defer { state.lost() }
            return (state.inFlight.isEmpty, state.reached)
        }
        if stop.isAsked || Task.isCancelled {
            if fault.isUnclean {
                logger.notice("connection ended uncleanly", metadata: ["cause": "\(fault)"])
            }
            return
        }
        if lostNothing, !fault.isUnclean, fault.kind == .unreachable {
            // A receiver may close a connection that rests. One that closes it before it took anything,
            // although something waits, is a failed attempt.
            let isNormal = reached == .settling ? true : try await !reader.hasWork(stop)
            if isNormal {
                logger.info("connection closed by the receiver", metadata: ["cause": "\(fault)"])
                return
            }
        }
        try await pause(after: fault, stop: stop)
    }

    private func pause(after fault: SinkFault, stop: Stop) async throws(StoreError) {
        let (elapsed, chance) = (time.elapsed(), time.chance())
        let (pause, health) = state.withLock { state in
            (state.failed(fault, elapsed: elapsed, chance: chance), state.health)
        }
        var message = fault.description
        if health.isCutEarly {
            message +=
                " (\(sink.address) has cut \(health.cuts) connections in a row before what was sent could be "
                + "settled, so lines repeat at the receiver; look at its log and its limits)"
        }
        logger.log(
            level: health.failures == 1 || health.failures.isMultiple(of: 20) ? .warning : .debug,
            "delivery failed",
            metadata: [
                "cause": "\(message)", "attempt": "\(health.failures)",
                "retry_in_ms": "\(pause.milliseconds)",
            ]
        )
        try await reporter.failed(health, message: message, pause: pause)
        await time.wait(pause, or: Watch(stop))
    }
}
