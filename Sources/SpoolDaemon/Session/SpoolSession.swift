import SpoolConfig
package import SpoolControl
package import SpoolCore
package import SpoolEngine
import SpoolPipeline
package import SpoolStore

/// A command's access to a spool: through the process that holds it, or directly if no process does.
package enum SpoolSession: Sendable {
    /// A daemon, or another command, holds the spool and answers on its socket.
    case daemon(ControlClient)
    /// This command holds the spool.
    case standalone(StandaloneSpool)

    /// Finds the process that holds a spool; waits up to 10 s for one that holds the lock and does not answer
    /// yet.
    ///
    /// - Parameters:
    ///   - path: the spool's file.
    ///   - timeout: how long the process may take to answer.
    /// - Returns: a client, and the holder; nil if the lock is free.
    /// - Throws: `ControlFault`.
    static func find(_ path: String, timeout: Duration = .seconds(60)) async throws(ControlFault)
        -> (client: ControlClient, holder: SpoolHolder?)
    {
        let client = ControlClient(ControlSocket(spool: path), timeout: timeout)
        return (client, try await client.find { Spool.holder(ofSpoolAt: path) })
    }

    /// Opens a session for `body`, and releases the spool afterwards in all cases.
    ///
    /// If this process holds the spool, a signal ends `body` first.
    ///
    /// - Returns: the result of `body`.
    /// - Throws: errors of `body`; `ControlFault`, `StoreError`; `ConfigurationFault` for a secret that this
    ///   process cannot read; `Interrupted` after a signal, once the spool is closed.
    package static func use<Result>(
        _ composition: Composition,
        command: String,
        _ body: (SpoolSession) async throws -> Result
    ) async throws -> Result {
        try await use(spool: composition.spool.path, command: command, composition: { composition }, body)
    }

    /// Opens a session for a command that needs only the path of the spool while a daemon is running.
    ///
    /// - Parameters:
    ///   - path: the file of the spool.
    ///   - command: the holder to record in the lock if no daemon is running.
    ///   - composition: called if no daemon is running.
    ///   - body: receives the session.
    /// - Returns: the result of `body`.
    /// - Throws: as above, and errors of `composition`.
    package static func use<Result>(
        spool path: String,
        command: String,
        composition: () throws -> Composition,
        _ body: (SpoolSession) async throws -> Result
    ) async throws -> Result {
        let (client, holder) = try await find(path)
        if holder != nil { return try await body(.daemon(client)) }
        return try await StandaloneSpool.use(composition(), command: command) { alone in
            try await body(.standalone(alone))
        }
    }

    /// True if no daemon is running: a replay then progresses only while this process runs it.
    package var isStandalone: Bool {
        if case .standalone = self { return true }
        return false
    }

    package func estimate(_ request: ReplayRequest) async throws -> ReplayEstimate {
        switch self {
        case .daemon(let client): try await client.send(EstimateReplay(request))
        case .standalone(let alone): try await alone.engine.estimate(request)
        }
    }

    package func create(_ request: ReplayRequest) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(CreateReplay(request))
        case .standalone(let alone): try await alone.engine.create(request)
        }
    }

    /// All replays, newest first.
    package func replays() async throws -> [Replay] {
        switch self {
        case .daemon(let client): try await client.send(ListReplays())
        case .standalone(let alone): try await alone.spool.replays(of: nil)
        }
    }

    package func move(_ replay: ReplayID, _ move: MoveReplay.Move) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(MoveReplay(replay, move))
        case .standalone(let alone): try await alone.engine.move(replay, move)
        }
    }

    /// Removes a finished replay, and returns it.
    package func remove(_ replay: ReplayID) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(RemoveReplay(replay))
        case .standalone(let alone): try await alone.engine.remove(replay)
        }
    }

    /// Runs a replay until it ends if no daemon does; otherwise returns immediately.
    package func drive(_ replay: Replay) async throws {
        if case .standalone(let alone) = self { try await alone.drive(replay) }
    }

    /// True if a daemon has requested the spool that this command held.
    package var isHandedOver: Bool {
        if case .standalone(let alone) = self { return alone.isHandedOver }
        return false
    }

    /// True if a signal was received while this command holds the spool; its work then ends.
    package var isInterrupted: Bool {
        if case .standalone(let alone) = self { return alone.interrupt.isAsked }
        return false
    }

    /// Returns once a signal is received while this command holds the spool, or when the task is cancelled.
    package func interrupted() async {
        switch self {
        case .daemon: await ShutdownRequest().asked()
        case .standalone(let alone): await alone.interrupt.asked()
        }
    }

    /// Returns once this command must release the spool, or when the task is cancelled.
    package func ending() async {
        switch self {
        case .daemon: await ShutdownRequest().asked()
        case .standalone(let alone): await alone.stop.asked()
        }
    }

    /// All replays of a spool, newest first, read without the daemon and without the lock.
    package static func list(spool path: String) async throws(StoreError) -> [Replay] {
        try await Spool.openReadOnly(path: path).replays(of: nil)
    }
}

extension SpoolSession {
    /// Sends dead letters of a sink again, as a replay of exactly these events.
    package func requeue(_ events: [Seq], of sink: SinkName) async throws -> Replay {
        switch self {
        case .daemon(let client): try await client.send(RequeueDeadLetters(events, of: sink))
        case .standalone(let alone): try await alone.spool.requeue(events, to: sink, at: SystemTime.now())
        }
    }

    /// Dismisses dead letters of a sink.
    ///
    /// - Returns: how many were dismissed by this call.
    package func dismiss(_ events: [Seq], of sink: SinkName) async throws -> Int {
        switch self {
        case .daemon(let client): try await client.send(DismissDeadLetters(events, of: sink))
        case .standalone(let alone): try await alone.spool.dismiss(events, of: sink, at: SystemTime.now())
        }
    }

    /// The dead letters of one sink or of all sinks, ordered by sink; read without the daemon and without the
    /// lock.
    package static func deadLetters(spool path: String, of sink: SinkName?) async throws(StoreError)
        -> [DeadLetter]
    {
        let spool = try Spool.openReadOnly(path: path)
        let sinks = try await spool.status().sinks.map(\.name)
        var found: [DeadLetter] = []
        for name in sinks where sink == nil || sink == name {
            var after = Seq(0)
            while true {
                let slice = try await spool.deadLetters(of: name, after: after)
                found += slice
                guard let last = slice.last else { break }
                after = last.seq
            }
        }
        return found
    }
}

extension SpoolSession {
    /// Runs retention now, or reports what it would delete.
    ///
    /// - Throws: `SourceFault` if no daemon is running and no source can be asked for its time.
    package func prune(isDryRun: Bool) async throws -> PruneAnswer {
        switch self {
        case .daemon(let client):
            // Retention runs in small transactions, and there may be many.
            try await ControlClient(client.socket, timeout: .hours(12)).send(PruneNow(isDryRun: isDryRun))
        case .standalone(let alone):
            // The end of the command also ends a request to a silent source, and the deletion after a slice.
            try await alone.stop.ending { try await alone.prune(isDryRun: isDryRun) }
        }
    }

    /// Forgets a sink or a stream that is no longer configured.
    package func forget(_ name: String) async throws -> ForgetReport {
        switch self {
        case .daemon(let client): try await client.send(Forget(name))
        case .standalone(let alone): try await alone.spool.forget(name, at: alone.engine.time.wall())
        }
    }

    /// Creates a complete, verified copy of the spool; `progress` is called regularly.
    ///
    /// If a daemon is running, it writes the file: as its user, and only where its unit permits.
    package func backup(
        to file: String,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws -> BackupReport {
        switch self {
        case .daemon(let client):
            let patient = ControlClient(client.socket, timeout: .hours(48))
            return try await withThrowingTaskGroup(of: BackupReport?.self) { group in
                group.addTask { try await patient.send(BackUp(to: file)) }
                group.addTask {
                    while (try? await Task.sleep(for: .milliseconds(500))) != nil {
                        if let now = try? await client.send(ShowBackup()).progress { progress(now) }
                    }
                    return nil
                }
                defer { group.cancelAll() }
                guard let report = try await group.next() ?? nil else { throw CancellationError() }
                return report
            }
        case .standalone(let alone): return try await alone.backup(to: file, progress: progress)
        }
    }
}

/// The answer of one source about a record, and why the record is not in the spool.
package struct TraceFinding: Sendable {
    package let source: SourceTrace
    /// Nil if the source does not have the record either, or could not be asked.
    package let verdict: TraceVerdict?
    package let coverage: StreamCoverage?
}

extension SpoolSession {
    /// The traces in the spool: events with this id at their source, or the one with this `seq`.
    package static func events(spool path: String, _ id: String) async throws(StoreError) -> [EventTrace] {
        try await Spool.openReadOnly(path: path).trace(id)
    }

    /// Asks the source of every stream for the record: through the daemon, within its budget, or directly
    /// without one.
    ///
    /// - Throws: `ControlFault`, `StoreError`, or without a daemon `ConfigurationFault` for a secret that
    ///   cannot be read; answers and faults of sources are in the findings.
    package static func trace(_ composition: Composition, _ id: String) async throws -> [TraceFinding] {
        let spool = try Spool.openReadOnly(path: composition.spool.path)
        var findings: [TraceFinding] = []
        for trace in try await answers(composition, id) {
            guard trace.isKnown == true, let moment = trace.created else {
                findings.append(TraceFinding(source: trace, verdict: nil, coverage: nil))
                continue
            }
            let coverage = try await spool.coverage(of: trace.stream, at: moment, id: id)
            let stream = composition.sources.flatMap(\.content.streams).first { $0.name == trace.stream }
            let sweepsBack = stream.map { $0.sweepsBack ? $0.lookBack : .zero } ?? .zero
            let verdict = TraceVerdict(trace, coverage, at: moment, sweepsBack: sweepsBack)
            findings.append(TraceFinding(source: trace, verdict: verdict, coverage: coverage))
        }
        return findings
    }

    private static func answers(_ composition: Composition, _ id: String) async throws -> [SourceTrace] {
        // The budget of a tenant may be exhausted for a minute.
        let (client, holder) = try await find(composition.spool.path, timeout: .minutes(5))
        if holder?.role == .daemon { return try await client.send(TraceAtSource(id)) }
        var found: [SourceTrace] = []
        for source in try composition.withSecrets().sources.map(\.content) {
            for stream in source.streams {
                found.append(await SourceInquiry(source: source, stream: stream, turn: { true }).run(id))
            }
            await source.shutDown()
        }
        return found
    }
}
