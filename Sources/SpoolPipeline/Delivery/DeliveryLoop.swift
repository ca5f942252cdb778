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
    private let logger: Logger

    package init(
        sink: any Sink,
        id: SinkID,
        store: any DeliveryStore & ReplayStore,
        time: Timekeeper,
        appended: Signal,
        lanesChanged: Signal,
        logger: Logger
    ) {
        self.sink = sink
        self.id = id
        self.store = store
        self.time = time
        let state = StateBox(DeliveryState(limit: sink.batchLimit))
        self.state = state
        reader = BatchReader(
            sink: id,
            store: store,
            needsRaw: sink.needsRaw,
            state: state,
            time: time,
            appended: appended,
            lanesChanged: lanesChanged
        )
        var logger = logger
        logger[metadataKey: "sink"] = "\(sink.name)"
        self.logger = logger
    }

    /// Delivers until `stop` is asked for, then lets what was sent settle, for at most `patience`.
    ///
    /// - Throws: what makes the spool unusable; everything else is a state of the sink.
    package func run(stop: Stop) async throws(StoreError) {
        var isFirst = true
        while !stop.isAsked {
            // The first session is opened without work, so that `status` tells at once whether it can be had.
            if !isFirst, !(try await waitForWork(stop)) { return }
            isFirst = false
            state.withLock { $0.beginSession() }
            let session: any SinkSession
            do throws(SinkFault) {
                session = try await sink.open()
            } catch {
                try await pause(after: error, hadConnected: false, settledAny: false, stop: stop)
                continue
            }
            try await drive(session, stop: stop)
        }
    }

    private func waitForWork(_ stop: Stop) async throws(StoreError) -> Bool {
        while !stop.isAsked, !Task.isCancelled {
            let news = Watch(reader.appended)
            let lanes = Watch(reader.lanesChanged)
            let stopping = Watch(stop.signal)
            if try await reader.hasWork() { return true }
            await time.wait(nil, or: news, lanes, stopping)
        }
        return false
    }

    private func drive(_ session: any SinkSession, stop: Stop) async throws(StoreError) {
        let run = SessionRun(
            session: session,
            sink: id,
            connection: try await store.opened(
                id,
                address: sink.address,
                transport: sink.type,
                at: time.wall()
            ),
            store: store,
            state: state,
            reader: reader,
            time: time,
            logger: logger
        )
        try await report(SinkReport(state: .connected))
        logger.info("connected", metadata: ["address": "\(sink.address)"])
        let end = try await run.run(stop: stop)
        switch end.reason {
        case .finished:
            try await store.closed(run.connection, clean: true, at: time.wall())
        case .fault(let fault):
            try await store.closed(run.connection, clean: !fault.isUnclean, at: time.wall())
            let lostNothing = state.withLock { $0.inFlight.isEmpty } && !fault.isUnclean
            state.withLock { $0.rewind() }
            if lostNothing, fault.kind == .unreachable {
                logger.info("connection closed by the receiver", metadata: ["cause": "\(fault)"])
                return
            }
            try await pause(after: fault, hadConnected: true, settledAny: end.settledAny, stop: stop)
        }
    }

    private func pause(
        after fault: SinkFault,
        hadConnected: Bool,
        settledAny: Bool,
        stop: Stop
    ) async throws(StoreError) {
        let (pause, health) = state.withLock { state in
            let pause = state.health.failed(
                fault,
                hadConnected: hadConnected,
                settledAny: settledAny,
                elapsed: time.elapsed(),
                chance: time.chance()
            )
            return (pause, state.health)
        }
        var message = fault.description
        if health.isCutEarly {
            message +=
                " It has cut \(health.cuts) connections in a row before what was sent could be settled, "
                + "so lines repeat at the receiver; look at its log and its limits."
        }
        logger.log(
            level: health.failures == 1 || health.failures % 20 == 0 ? .warning : .debug,
            "delivery failed",
            metadata: [
                "cause": "\(message)", "attempt": "\(health.failures)",
                "retry_in_ms": "\(pause.milliseconds)",
            ]
        )
        try await report(
            SinkReport(
                state: health.isHeld ? .held : .retrying,
                lastError: message,
                attempts: health.failures,
                retryAt: time.wall() + pause
            )
        )
        let stopping = Watch(stop.signal)
        if !stop.isAsked { await time.wait(pause, or: stopping) }
    }

    private func report(_ report: SinkReport) async throws(StoreError) {
        do throws(StoreError) {
            try await store.report(report, of: id)
        } catch {
            // A full disk must not stop a drain that would free it.
            guard error.kind == .full || error.kind == .busy else { throw error }
        }
    }
}
