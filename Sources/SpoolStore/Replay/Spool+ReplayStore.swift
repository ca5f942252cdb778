import GRDB
package import SpoolCore

extension Spool: ReplayStore {
    package func estimate(_ request: ReplayRequest) async throws(StoreError) -> ReplayEstimate {
        let target = try await read { try ReplayTarget($0, request) }
        let plans = try await plans(request, sink: target.sink, target.subscriptions)
        var estimate = plans.map(\.estimate).reduce(ReplayEstimate(), +)
        estimate.sinkRate = target.rate
        let isUnmeasured = target.rate == nil
        (estimate.seenRate, estimate.holdings) = try await read { db in
            (
                isUnmeasured ? try SeenRates.rate(db, request, sink: target.sink) : nil,
                try Holdings.all(db, target.subscriptions.map(\.stream), basis: request.basis)
            )
        }
        return estimate
    }

    package func create(_ request: ReplayRequest, at now: Timestamp) async throws(StoreError) -> Replay {
        try await planning { () async throws(StoreError) in
            let target = try await read { try ReplayTarget($0, request) }
            let plans = try await plans(request, sink: target.sink, target.subscriptions)
            return try await write { db in
                let mode: ReplayMode = request.missingOnly ? .missing : .window
                let id = try ReplayRows.insert(
                    db,
                    request,
                    mode: mode,
                    sink: target.sink,
                    plans: plans,
                    at: now
                )
                return try Self.one(db, id)
            }
        }
    }

    package func unfinishedReplays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await read { try ReplayRows.fetch($0, sink: sink, unfinished: true) }
    }

    /// Replays of one sink or of all, including finished ones, newest first, at most 2,000.
    package func replays(of sink: SinkID?) async throws(StoreError) -> [Replay] {
        try await read { try ReplayRows.fetch($0, sink: sink) }
    }

    package func batch(
        of replay: ReplayID,
        stream: StreamID,
        after: Seq,
        limit: BatchLimit,
        raw: Bool
    ) async throws(StoreError) -> ReplayBatch {
        try await read { db in
            guard let read = try ReplayQuery(db, replay, stream) else {
                // The replay was removed, but its loop has not stopped yet.
                return ReplayBatch(events: EventBatch(stream: stream), scannedThrough: after, isLast: true)
            }
            return try read.slice(db, after: after, limit: limit, raw: raw)
        }
    }

    package func move(
        _ replay: ReplayID,
        to state: Replay.State,
        at now: Timestamp
    ) async throws(StoreError) {
        try await write { db in try Self.move(db, replay, to: state, at: now) }
    }

    static func move(_ db: Database, _ replay: ReplayID, to state: Replay.State, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE replay SET state = ?1, moved_ms = ?2, finished_ms = CASE WHEN ?3 THEN NULL ELSE ?2 END
                WHERE id = ?4 AND state IN ('running', 'paused') AND state <> ?1
                """,
            arguments: [state.rawValue, now.milliseconds, state.isUnfinished, replay.value]
        )
        if !state.isUnfinished { try AdHocSink.disable(db, of: replay, at: now) }
        if state != .paused { try RetentionNotes.moved(db, replay, at: now) }
    }

    /// Removes a finished replay with its own streams and its ad-hoc destination; ledger rows of a configured
    /// sink stay.
    ///
    /// - Throws: `.invalid` for a replay that has not ended, does not exist, has streams with events still to
    ///   be sent, or whose connection to its ad-hoc destination is still open.
    package func remove(_ replay: ReplayID) async throws(StoreError) {
        try await read { db in
            guard let found = try ReplayRows.fetch(db, id: replay).first else {
                throw StoreError(.invalid, "There is no replay \(replay). See `spool replay list`.")
            }
            guard !found.state.isUnfinished else {
                throw StoreError(.invalid, "Replay \(replay) has not ended; cancel it first.")
            }
            try Self.checkNotNeeded(db, replay)
            try Self.checkNotConnected(db, replay)
        }
        while try await write({ try OwnStream.delete($0, of: replay) }) != nil {}
        try await write { db in
            // This may have changed in the meantime.
            try Self.checkNotNeeded(db, replay)
            try Self.checkNotConnected(db, replay)
            let sinks = try Int64.fetchAll(
                db,
                sql: "SELECT id FROM sink WHERE replay_id = ?",
                arguments: [replay.value]
            )
            try db.execute(sql: "DELETE FROM replay WHERE id = ?", arguments: [replay.value])
            for sink in sinks {
                for table in ["ledger", "connection", "dead_letter"] {
                    try db.execute(sql: "DELETE FROM \(table) WHERE sink_id = ?", arguments: [sink])
                }
                try db.execute(sql: "DELETE FROM sink WHERE id = ?", arguments: [sink])
            }
        }
    }

    /// True while a loop still has a connection to a replay's ad-hoc destination, whose end is not recorded
    /// yet.
    package func isConnected(_ replay: ReplayID) async throws(StoreError) -> Bool {
        try await read { try Self.isConnected($0, replay) }
    }

    private static func isConnected(_ db: Database, _ replay: ReplayID) throws -> Bool {
        try Int64.fetchOne(
            db,
            sql: """
                SELECT 1 FROM sink k JOIN connection c INDEXED BY connection_open ON c.sink_id = k.id
                WHERE k.replay_id = ? AND c.closed_ms IS NULL LIMIT 1
                """,
            arguments: [replay.value]
        ) != nil
    }

    private static func checkNotConnected(_ db: Database, _ replay: ReplayID) throws {
        guard try isConnected(db, replay) else { return }
        throw StoreError(
            .invalid,
            "The connection of replay \(replay) to its destination is still open. Try again in a few seconds."
        )
    }

    private static func checkNotNeeded(_ db: Database, _ replay: ReplayID) throws {
        guard try OwnStream.isNeeded(db, of: replay) else { return }
        throw StoreError(
            .invalid,
            "Replay \(replay) has events that are dead letters, or that another replay has not sent yet. "
                + "Requeue or dismiss those dead letters, or wait for the other replay or cancel it; then "
                + "remove this one."
        )
    }

    /// Creates a replay of exactly these events; dismissed dead letters among them are reinstated.
    ///
    /// - Throws: `.invalid` for a sink or an event that the spool does not have, or when no event is given.
    package func requeue(
        _ events: [Seq],
        to sink: SinkName,
        at now: Timestamp
    ) async throws(StoreError) -> Replay {
        try await write { db in
            guard let id = try SinkTopology.id(db, sink) else {
                throw StoreError(.invalid, "The spool has no sink named \(sink). See `spool status`.")
            }
            return try Self.one(db, try Requeue.create(db, events, sink: id, named: sink, at: now))
        }
    }

    /// Creates a replay of those of these events that the spool still has.
    ///
    /// - Returns: the replay, nil when the spool has none of the events, and how many of them retention has
    ///   deleted.
    package func requeueKept(_ events: [Seq], to sink: SinkName, at now: Timestamp)
        async throws(StoreError) -> (replay: Replay?, deleted: Int)
    {
        try await write { db in
            guard let id = try SinkTopology.id(db, sink) else {
                throw StoreError(.invalid, "The spool has no sink named \(sink). See `spool status`.")
            }
            let kept = try Requeue.kept(db, events)
            guard !kept.isEmpty else { return (nil, events.count) }
            let replay = try Requeue.create(db, kept, sink: id, named: sink, at: now)
            return (try Self.one(db, replay), events.count - kept.count)
        }
    }

    static func one(_ db: Database, _ id: ReplayID) throws -> Replay {
        guard let replay = try ReplayRows.fetch(db, id: id).first else {
            throw StoreError(.invalid, "There is no replay \(id).")
        }
        return replay
    }

    /// Examines the whole window in slices, so that no read is long.
    func plans(
        _ request: ReplayRequest,
        sink: SinkID?,
        _ subscriptions: [ReplayTarget.Subscription]
    ) async throws(StoreError) -> [ReplayPlan] {
        var plans: [ReplayPlan] = []
        for subscription in subscriptions {
            var plan = try await read {
                try ReplayPlan(
                    $0,
                    sink: sink,
                    subscription: subscription,
                    missingOnly: request.missingOnly
                )
            }
            var window = WindowQuery(
                of: subscription.stream,
                basis: request.basis,
                from: request.from,
                to: request.to
            )
            while !window.isAtEnd {
                // A large window takes minutes; the client may disconnect or the daemon stop before its end.
                guard !Task.isCancelled else {
                    throw StoreError(.busy, "The request was cancelled before the whole window was read.")
                }
                (plan, window) = try await read { [plan, window] db in
                    var (plan, window) = (plan, window)
                    try window.next(db) { plan.look(at: $0) }
                    return (plan, window)
                }
            }
            plans.append(plan)
        }
        return plans
    }
}

extension Spool {
    /// Maximum number of finished replays kept, regardless of their age.
    static let mostEndedReplays = 1_000

    /// Removes replays that ended before a time, and the oldest above `mostEndedReplays`, with what belongs
    /// only to them.
    ///
    /// A replay with events that are still needed stays, and so does one that ended within the last minute,
    /// because its loop may still settle.
    ///
    /// - Returns: how many were removed.
    @discardableResult
    package func forgetReplays(
        endedBefore time: Timestamp,
        at now: Timestamp,
        isStopped: @Sendable () -> Bool = { false }
    ) async throws(StoreError) -> Int {
        let most = Self.mostEndedReplays
        let ids = try await read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT id FROM replay
                    WHERE state NOT IN ('running', 'paused') AND finished_ms < ?3
                        AND (finished_ms < ?1 OR id <= (
                        SELECT id FROM replay WHERE state NOT IN ('running', 'paused')
                        ORDER BY id DESC LIMIT 1 OFFSET ?2))
                    ORDER BY id
                    """,
                arguments: [time.milliseconds, most, (now - OwnStream.settling).milliseconds]
            )
        }
        var removed = 0
        for id in ids where !isStopped() {
            do throws(StoreError) {
                try await remove(ReplayID(id))
                removed += 1
            } catch {
                // It has dead letters, or events that another replay has not sent yet; the next call tries
                // again.
                guard error.kind == .invalid else { throw error }
            }
        }
        return removed
    }

    /// The replay with this id; nil when there is none.
    package func replay(_ id: ReplayID) async throws(StoreError) -> Replay? {
        try await read { try ReplayRows.fetch($0, id: id).first }
    }
}
