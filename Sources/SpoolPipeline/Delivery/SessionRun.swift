import Logging
import SpoolCore
import Synchronization

/// One session from its first batch to its end: one task feeds it, one settles.
struct SessionRun: Sendable {
    /// How a session came to its end.
    struct End: Sendable {
        enum Reason: Sendable {
            case finished
            case fault(SinkFault)
        }

        let reason: Reason
        let settledAny: Bool
    }

    private enum Part: Sendable {
        case fed(StoreError?)
        case ended(Result<End.Reason, StoreError>)
        case outOfPatience
    }

    let session: any SinkSession
    let sink: SinkID
    let connection: ConnectionID
    let store: any DeliveryStore & ReplayStore
    let state: StateBox
    let reader: BatchReader
    let time: Timekeeper
    let logger: Logger
    private let settledAny = Flag()

    init(
        session: any SinkSession,
        sink: SinkID,
        connection: ConnectionID,
        store: any DeliveryStore & ReplayStore,
        state: StateBox,
        reader: BatchReader,
        time: Timekeeper,
        logger: Logger
    ) {
        self.session = session
        self.sink = sink
        self.connection = connection
        self.store = store
        self.state = state
        self.reader = reader
        self.time = time
        self.logger = logger
    }

    /// Runs the session to its end.
    func run(stop: Stop) async throws(StoreError) -> End {
        let result = await withTaskGroup(of: Part.self) { group -> Result<End.Reason, StoreError> in
            group.addTask { await .fed(feed(stop: stop)) }
            group.addTask { await .ended(settleAll()) }
            group.addTask {
                await losePatience(stop: stop)
                return .outOfPatience
            }
            var failure: StoreError?
            for await part in group {
                switch part {
                case .fed(nil): continue
                case .outOfPatience: await session.close()
                case .fed(.some(let error)):
                    failure = error
                    await session.close()
                case .ended(let result):
                    group.cancelAll()
                    await session.close()
                    return failure.map { .failure($0) } ?? result
                }
            }
            return .failure(failure ?? StoreError(.invalid, "a session ended without a word"))
        }
        return End(reason: try result.get(), settledAny: settledAny.isSet)
    }

    /// Returns when the loop was told to stop and the session did not come to its end: a receiver that does
    /// not read would hold `send` for ever.
    private func losePatience(stop: Stop) async {
        while !stop.isAsked, !Task.isCancelled {
            let stopping = Watch(stop.signal)
            if !stop.isAsked { await time.wait(nil, or: stopping) }
        }
        if !Task.isCancelled { await time.wait(DeliveryLoop.patience + .seconds(1)) }
    }

    // MARK: Feeding

    private func feed(stop: Stop) async -> StoreError? {
        do throws(StoreError) {
            var current = try await reader.next(stop: stop)
            while let (batch, epoch) = current {
                guard await waitForRoom(stop) else { break }
                guard
                    let number = state.withLock({ $0.epoch == epoch ? $0.begin(batch, at: time.wall()) : nil }
                    )
                else {
                    current = try await reader.next(stop: stop)
                    continue
                }
                switch await sendAndReadAhead(batch, number, stop) {
                case .success(let next): current = next
                case .failure(.sink): return nil
                case .failure(.store(let error)): return error
                }
            }
        } catch {
            return error
        }
        await session.finish(patience: DeliveryLoop.patience)
        return nil
    }

    private enum FeedFault: Error {
        case sink
        case store(StoreError)
    }

    /// Sends a batch while the next one is read.
    private func sendAndReadAhead(_ batch: LaneBatch, _ number: Int, _ stop: Stop) async
        -> Result<(batch: LaneBatch, epoch: Int)?, FeedFault>
    {
        async let ahead = readAhead(stop)
        do throws(SinkFault) {
            try await session.send(batch.events, number: number)
        } catch {
            // The settling task hears of the same fault and ends the session.
            return .failure(.sink)
        }
        return await ahead
    }

    private func readAhead(_ stop: Stop) async -> Result<(batch: LaneBatch, epoch: Int)?, FeedFault> {
        do throws(StoreError) {
            return .success(try await reader.next(stop: stop))
        } catch {
            return .failure(.store(error))
        }
    }

    private func waitForRoom(_ stop: Stop) async -> Bool {
        while !Task.isCancelled {
            let moved = Watch(state.changed)
            let stopping = Watch(stop.signal)
            if stop.isAsked { return false }
            if state.withLock({ $0.hasRoom }) { return true }
            await time.wait(nil, or: moved, stopping)
        }
        return false
    }

    // MARK: Settling

    private func settleAll() async -> Result<End.Reason, StoreError> {
        do throws(StoreError) {
            for await settlement in session.settlements {
                if let reason = try await take(settlement) { return .success(reason) }
            }
        } catch {
            return .failure(error)
        }
        return .success(.fault(SinkFault(.unreachable, isUnclean: true, "the session was closed")))
    }

    /// Carries out what the session says; not nil when that ends it.
    private func take(_ settlement: Settlement) async throws(StoreError) -> End.Reason? {
        switch settlement {
        case .settled(let batches): return try await settle(batches)
        case .refusedWhole(_, let refusal): return try await bisect(refusal)
        case .ended(let fault): return .fault(fault)
        case .finished: return .finished
        }
    }

    private func settle(_ batches: [SettledBatch]) async throws(StoreError) -> End.Reason? {
        let lanes = state.withLock { state in batches.compactMap { state.inFlight.settle($0) } }
        return try await commit(lanes)
    }

    private func commit(_ lanes: [SettledLane]) async throws(StoreError) -> End.Reason? {
        var builder = CommitBuilder(sink: sink, connection: connection, at: time.wall())
        var end: End.Reason?
        var committed: [SettledLane] = []
        for lane in lanes {
            if let hold = meter(lane) {
                end = .fault(hold)
                break
            }
            builder.add(lane)
            committed.append(lane)
            if lane.hasRetry {
                end = .fault(
                    SinkFault(.throttled(.seconds(1)), "the receiver asked to send events again later")
                )
                break
            }
        }
        if !builder.commit.isEmpty { try await write(builder.commit) }
        state.withLock { state in
            for lane in committed {
                state.schedule.settled(lane.lane, through: lane.through)
                state.size.settled()
            }
            if !committed.isEmpty, end == nil {
                state.health.succeeded()
                state.refusalsOver()
            }
        }
        if !committed.isEmpty { settledAny.set() }
        state.changed.notify()
        try await reader.finishReplays()
        return end
    }

    /// Counts a batch's refusals; a fault when the sink must be held instead of filling the dead letters.
    private func meter(_ lane: SettledLane) -> SinkFault? {
        state.withLock { state in
            let elapsed = time.elapsed()
            for run in lane.runs {
                state.meter.note(refused: run.outcome.isRefused, count: run.events, elapsed: elapsed)
            }
            let isRefused = lane.runs.contains { $0.outcome.isRefused }
            guard isRefused, state.meter.isMass(elapsed: elapsed) else { return nil }
            state.holdForRefusals()
            return SinkFault(
                .misconfigured,
                "the receiver refuses most of what it is sent; the sink is held and its events are kept. "
                    + "Look at what it refuses (its own log), then correct the sink's settings."
            )
        }
    }

    /// The head batch was refused as a whole: halve it, or make its single event a dead letter.
    private func bisect(_ refusal: Refusal) async throws(StoreError) -> End.Reason? {
        let single = state.withLock { state -> SettledLane? in
            guard state.inFlight.headIsSingle else {
                state.size.refused(count: state.inFlight.headCount)
                return nil
            }
            return state.inFlight.settleHead(as: .refused(refusal))
        }
        var end: End.Reason?
        if let single { end = try await commit([single]) }
        state.withLock { $0.rewind() }
        state.changed.notify()
        return end
    }

    /// Commits, however long the disk stays full; gives up only when the session's task is cancelled.
    private func write(_ commit: DeliveryCommit) async throws(StoreError) {
        var failures = 0
        while true {
            do throws(StoreError) {
                return try await store.settle(commit)
            } catch {
                guard error.kind == .full || error.kind == .busy, !Task.isCancelled else { throw error }
                failures += 1
                logger.error("not settled, trying again", metadata: ["cause": "\(error)"])
                await time.wait(RetryPolicy.link.delay(afterFailures: failures, chance: time.chance()))
            }
        }
    }
}

/// A mark that is set once.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}
