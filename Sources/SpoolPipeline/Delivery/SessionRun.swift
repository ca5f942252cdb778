import Logging
import SpoolCore

/// One session from its first batch to its end: one task feeds it, another settles.
package struct SessionRun: Sendable {
    /// How a session ended.
    enum End: Sendable {
        /// It ended after `finish`, with everything settled.
        case finished
        case fault(SinkFault)
    }

    private enum Part: Sendable {
        case fed(Result<SinkFault?, StoreError>)
        case settled(Result<End, StoreError>)
        case timedOut
        /// A task that only requests the session's end has returned.
        case asked
    }

    let session: any SinkSession
    let sink: any Sink
    let crashes: PoisonGuard?
    let connection: ConnectionID
    let state: StateBox
    let reader: BatchReader
    let reporter: SinkReporter
    let proofs: ProofSignals

    /// How long the receiver may take to read its data and close the connection, when a proof is needed.
    package static let reopenTimeout = Duration.seconds(30)

    /// Runs the session until it ends, and closes it.
    ///
    /// It ends when `stop` is requested, when the connection fails, or when its settlements need a proof
    /// (`DeliveryState.reopenDue`).
    func run(stop: ShutdownRequest) async throws(StoreError) -> End {
        let ending = ShutdownRequest(partOf: stop)
        let result = await withTaskGroup(of: Part.self) { group -> Result<End, StoreError> in
            group.addTask { await .fed(feed(stop: ending, whole: stop)) }
            group.addTask { await .settled(settleAll()) }
            group.addTask {
                await waitForEnd(ending, stop: stop)
                return .timedOut
            }
            group.addTask {
                await ending.followWhole()
                return .asked
            }
            group.addTask {
                if await waitForReopening(stop: ending) { ending.ask() }
                return .asked
            }
            var reason: Result<End, StoreError>?
            for await part in group {
                switch part {
                case .fed(.success(nil)), .asked: continue
                case .fed(.success(let fault?)): reason = .success(.fault(fault))
                case .fed(.failure(let error)): reason = .failure(error)
                case .timedOut: break
                case .settled(let result):
                    reason = reason ?? result
                    group.cancelAll()
                    await session.close()
                    return reason ?? result
                }
                // Late settlements are still written; waits for the disk or the receiver are cancelled.
                await session.close()
                group.cancelAll()
            }
            return reason ?? .success(.fault(.closed))
        }
        return try result.get()
    }

    /// Returns when the session was requested to end and did not end in time, since a receiver that does not
    /// read would block `send` indefinitely.
    private func waitForEnd(_ ending: ShutdownRequest, stop: ShutdownRequest) async {
        await ending.asked()
        if !stop.isAsked, !Task.isCancelled {
            await reader.time.wait(Self.reopenTimeout + .seconds(1), or: SeenVersion(stop))
        }
        if stop.isAsked, !Task.isCancelled { await reader.time.wait(DeliveryLoop.gracePeriod + .seconds(1)) }
    }

    /// Waits until the session's settlements need a proof: because they are unproved for too long, or for a
    /// comparison.
    ///
    /// - Returns: true when the session must be ended for this.
    private func waitForReopening(stop: ShutdownRequest) async -> Bool {
        var asked = proofs.wanted.version
        while !stop.isAsked, !Task.isCancelled {
            let (moved, wanted) = (SeenVersion(state.changed), SeenVersion(proofs.wanted))
            let elapsed = reader.time.elapsed()
            let due = state.withLock { $0.reopenDue(isWanted: wanted.version > asked, at: elapsed) }
            if let due, due <= elapsed {
                state.withLock { $0.isReopening = true }
                return true
            }
            // A request that has to wait is kept.
            if due == nil { asked = wanted.version }
            await reader.time.wait(due.map { $0 - elapsed }, or: moved, wanted, SeenVersion(stop))
        }
        return false
    }

    // MARK: Feeding

    /// Passes one batch after the other to the session.
    ///
    /// - Parameters:
    ///   - stop: requested when the session must end.
    ///   - whole: requested when the loop must end.
    /// - Returns: the fault for which the session must end, unless the session reports it itself.
    private func feed(stop: ShutdownRequest, whole: ShutdownRequest) async -> Result<SinkFault?, StoreError> {
        do throws(StoreError) {
            var next = try await reader.next(stop: stop)
            feeding: while true {
                let batch: LaneBatch
                switch next {
                case .batch(let read): batch = read
                case .idle:
                    state.withLock { $0.noteProof() }
                    try await reporter.reportProof()
                    next = try await reader.next(stop: stop)
                    continue
                case .stopped, .noLaterProbe: break feeding
                }
                let parts = try await crashes?.parts(of: batch, to: sink, stop: stop) ?? [.send(batch)]
                guard !parts.isEmpty else { break }
                for (index, part) in parts.enumerated() {
                    switch try await give(part, isLast: index == parts.count - 1, stop) {
                    case .given: continue
                    case .read(let ahead):
                        next = ahead
                        continue feeding
                    case .stopped: break feeding
                    case .over(let fault): return .success(fault)
                    }
                }
            }
            if case .noLaterProbe = next { return .success(.massRefusal) }
        } catch {
            // A session that is ended for a proof does not wait for a full disk.
            guard error.isPassing, stop.isAsked, !whole.isAsked else { return .failure(error) }
        }
        if !Task.isCancelled {
            let isReopening = state.withLock { $0.isReopening } && !whole.isAsked
            await session.finish(timeout: isReopening ? Self.reopenTimeout : DeliveryLoop.gracePeriod)
        }
        return .success(nil)
    }

    /// The result of passing a part of a batch to the session.
    private enum Given: Sendable {
        case given
        /// The batch is done, or its rest is stale and must not be sent; this was read next.
        case read(BatchReader.Next)
        case stopped
        /// The session must end; nil when it reports the fault itself.
        case over(SinkFault?)
    }

    private func give(_ part: PoisonGuard.Part, isLast: Bool, _ stop: ShutdownRequest)
        async throws(StoreError) -> Given
    {
        switch part {
        case .bury(let batch):
            if let end = try await bury(batch, stop) { return end }
        case .send(let batch):
            guard await waitForRoom(stop) else { return .stopped }
            try await reader.followLanes(stop)
            let (now, elapsed) = (reader.time.wall(), reader.time.elapsed())
            let begun = state.withLock { state in
                state.noteSending(at: elapsed)
                return state.begin(batch, at: now)
            }
            guard let number = begun else {
                return .read(try await reader.next(stop: stop))
            }
            guard isLast else { return await send(batch, number) ? .given : .over(nil) }
            guard let ahead = await sendAndReadAhead(batch, number, stop) else { return .over(nil) }
            return .read(try ahead.get())
        }
        return isLast ? .read(try await reader.next(stop: stop)) : .given
    }

    /// Writes the outcome of an event that is not sent, once all events sent before it have their outcomes.
    private func bury(_ batch: LaneBatch, _ stop: ShutdownRequest) async throws(StoreError) -> Given? {
        while !state.withLock({ $0.inFlight.isEmpty }) {
            let moved = SeenVersion(state.changed)
            if stop.isAsked || Task.isCancelled { return .stopped }
            if state.withLock({ $0.inFlight.isEmpty }) { break }
            await reader.time.wait(nil, or: moved, SeenVersion(stop))
        }
        let (now, elapsed) = (reader.time.wall(), reader.time.elapsed())
        let decision = state.withLock { $0.bury(batch, .unrenderable, at: now, elapsed: elapsed) }
        guard let decision else { return nil }
        try await settle(decision, at: now)
        state.withLock { $0.applyUnsent(decision) }
        state.changed.notify()
        try await reader.finishReplays(nil)
        return decision.fault.map { .over($0) }
    }

    private func send(_ batch: LaneBatch, _ number: Int) async -> Bool {
        do throws(SinkFault) {
            try await session.send(batch.events, number: number)
            return true
        } catch {
            return false
        }
    }

    /// Sends a batch while the next one is read.
    ///
    /// - Returns: nil when the session has failed; the settling task receives the same fault and ends the
    ///   session.
    private func sendAndReadAhead(_ batch: LaneBatch, _ number: Int, _ stop: ShutdownRequest) async
        -> Result<BatchReader.Next, StoreError>?
    {
        async let ahead = readAhead(stop)
        guard await send(batch, number) else { return nil }
        return await ahead
    }

    private func readAhead(_ stop: ShutdownRequest) async -> Result<BatchReader.Next, StoreError> {
        do throws(StoreError) {
            return .success(try await reader.next(stop: stop))
        } catch {
            return .failure(error)
        }
    }

    private func waitForRoom(_ stop: ShutdownRequest) async -> Bool {
        while !stop.isAsked, !Task.isCancelled {
            let moved = SeenVersion(state.changed)
            if state.withLock({ $0.hasRoom }) { return true }
            state.withLock { $0.pauseFeeding() }
            await reader.time.wait(nil, or: moved, SeenVersion(stop))
        }
        return false
    }

    // MARK: Settling

    private func settleAll() async -> Result<End, StoreError> {
        do throws(StoreError) {
            for await settlement in session.settlements {
                if let end = try await take(settlement) { return .success(end) }
            }
        } catch {
            return .failure(error)
        }
        return .success(.fault(.closed))
    }

    /// Handles a report of the session; returns its end if the report ends it.
    private func take(_ settlement: Settlement) async throws(StoreError) -> End? {
        let elapsed = reader.time.elapsed()
        switch settlement {
        case .settled(let batches):
            return try await write(state.withLock { $0.judge(batches, elapsed: elapsed) })
        case .refusedWhole(let batch, let refusal):
            let (isStale, decision) = state.withLock { state in
                (
                    state.inFlight.match(batch) == .stale,
                    state.judge(refused: batch, refusal, elapsed: elapsed)
                )
            }
            if isStale { return nil }
            let end = try await write(decision)
            state.withLock { $0.dropRefused() }
            state.changed.notify()
            return end
        case .ended(let fault): return .fault(fault)
        case .finished: return .finished
        }
    }

    private func write(_ decision: SettleDecision) async throws(StoreError) -> End? {
        let (now, elapsed) = (reader.time.wall(), reader.time.elapsed())
        let rate = state.withLock { $0.rate.recent(at: elapsed) }
        try await settle(decision, at: now, rate: rate)
        let (isWellAgain, isProved) = state.withLock { ($0.apply(decision), $0.takeProof()) }
        state.changed.notify()
        if isWellAgain || isProved { try await reporter.reportRecovery(isProved: isProved) }
        try await reader.finishReplays(nil)
        return decision.fault.map { .fault($0) }
    }

    /// Writes a decision: ledger rows, watermarks, positions and dead letters in one transaction.
    ///
    /// Only a cancellation ends its retries: what was sent before a stop is settled after it.
    private func settle(_ decision: SettleDecision, at now: Timestamp, rate: Double? = nil)
        async throws(StoreError)
    {
        let commit = CommitBuilder.commit(
            of: decision,
            sink: reader.sink,
            connection: connection,
            at: now,
            rate: rate
        )
        if !commit.isEmpty { try await reader.store.settle(commit) }
    }
}

extension SinkFault {
    /// The session ended without a report, as after `close`.
    fileprivate static let closed = SinkFault(.unreachable, isUnclean: true, "the session was closed")
}

extension Refusal {
    /// Rendering this event alone has crashed the process.
    fileprivate static let unrenderable = Refusal(
        reason: "unrenderable",
        detail: "rendering this event crashed the process, so it was not sent. "
            + "Please report this as a bug in spool.",
        isLocal: true
    )
}
