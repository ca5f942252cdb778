import Logging
import SpoolCore

/// One session from its first batch to its end: one task feeds it, one settles.
struct SessionRun: Sendable {
    /// How a session came to its end.
    enum End: Sendable {
        /// After `finish`, with everything settled.
        case finished
        case fault(SinkFault)
    }

    private enum Part: Sendable {
        case fed(Result<SinkFault?, StoreError>)
        case settled(Result<End, StoreError>)
        case outOfPatience
    }

    let session: any SinkSession
    let connection: ConnectionID
    let state: StateBox
    let reader: BatchReader
    let reporter: SinkReporter
    let settler: Settler

    /// Runs the session to its end, and closes it.
    func run(stop: Stop) async throws(StoreError) -> End {
        let result = await withTaskGroup(of: Part.self) { group -> Result<End, StoreError> in
            group.addTask { await .fed(feed(stop: stop)) }
            group.addTask { await .settled(settleAll()) }
            group.addTask {
                await losePatience(stop: stop)
                return .outOfPatience
            }
            var reason: Result<End, StoreError>?
            for await part in group {
                switch part {
                case .fed(.success(nil)): continue
                case .fed(.success(let fault?)): reason = .success(.fault(fault))
                case .fed(.failure(let error)): reason = .failure(error)
                case .outOfPatience: break
                case .settled(let result):
                    reason = reason ?? result
                    group.cancelAll()
                    await session.close()
                    return reason ?? result
                }
                // What still settles is written; what waits for the disk or the receiver is given up.
                await session.close()
                group.cancelAll()
            }
            return reason ?? .success(.fault(.closed))
        }
        return try result.get()
    }

    /// Returns when the loop was told to stop and the session did not come to its end: a receiver that does
    /// not read would hold `send` for ever.
    private func losePatience(stop: Stop) async {
        await stop.asked()
        if !Task.isCancelled { await reader.time.wait(DeliveryLoop.patience + .seconds(1)) }
    }

    // MARK: Feeding

    /// Gives the session batch after batch.
    ///
    /// - Returns: the fault for which the session must end, if the session does not tell of it itself.
    private func feed(stop: Stop) async -> Result<SinkFault?, StoreError> {
        do throws(StoreError) {
            var next = try await reader.next(stop: stop)
            while case .batch(let batch) = next {
                guard await waitForRoom(stop) else { break }
                guard let number = state.withLock({ $0.begin(batch, at: reader.time.wall()) }) else {
                    next = try await reader.next(stop: stop)
                    continue
                }
                guard let ahead = await sendAndReadAhead(batch, number, stop) else { return .success(nil) }
                next = try ahead.get()
            }
            if case .noLaterProbe = next { return .success(.massRefusal) }
        } catch {
            return .failure(error)
        }
        if !Task.isCancelled { await session.finish(patience: DeliveryLoop.patience) }
        return .success(nil)
    }

    /// Sends a batch while the next one is read.
    ///
    /// - Returns: nil when the session has failed; the settling task hears of the same fault and ends it.
    private func sendAndReadAhead(_ batch: LaneBatch, _ number: Int, _ stop: Stop) async
        -> Result<BatchReader.Next, StoreError>?
    {
        async let ahead = readAhead(stop)
        do throws(SinkFault) {
            try await session.send(batch.events, number: number)
        } catch {
            return nil
        }
        return await ahead
    }

    private func readAhead(_ stop: Stop) async -> Result<BatchReader.Next, StoreError> {
        do throws(StoreError) {
            return .success(try await reader.next(stop: stop))
        } catch {
            return .failure(error)
        }
    }

    private func waitForRoom(_ stop: Stop) async -> Bool {
        while !stop.isAsked, !Task.isCancelled {
            let moved = Watch(state.changed)
            if state.withLock({ $0.hasRoom }) { return true }
            await reader.time.wait(nil, or: moved, Watch(stop))
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

    /// Carries out what the session says; not nil when that ends it.
    private func take(_ settlement: Settlement) async throws(StoreError) -> End? {
        let elapsed = reader.time.elapsed()
        switch settlement {
        case .settled(let batches):
            return try await write(state.withLock { $0.judge(batches, elapsed: elapsed) })
        case .refusedWhole(let batch, let refusal):
            let (isStale, verdict) = state.withLock { state in
                (
                    state.inFlight.match(batch) == .stale,
                    state.judge(refused: batch, refusal, elapsed: elapsed)
                )
            }
            if isStale { return nil }
            let end = try await write(verdict)
            state.withLock { $0.dropRefused() }
            state.changed.notify()
            return end
        case .ended(let fault): return .fault(fault)
        case .finished: return .finished
        }
    }

    private func write(_ verdict: Verdict) async throws(StoreError) -> End? {
        try await settler.write(verdict, connection: connection)
        let isWellAgain = state.withLock { $0.wrote(verdict) }
        state.changed.notify()
        if isWellAgain { try await reporter.recovered() }
        try await reader.finishReplays(nil)
        return verdict.fault.map { .fault($0) }
    }
}

extension SinkFault {
    /// The session ended without a word, as one does that we have closed.
    fileprivate static let closed = SinkFault(.unreachable, isUnclean: true, "the session was closed")
}
