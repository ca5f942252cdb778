import Foundation
import Hummingbird
import SpoolConfig
package import SpoolControl
import SpoolCore
import SpoolEngine
import SpoolPipeline
import SpoolStore

/// The routes of the socket and of the status address.
struct ControlRoutes: Sendable {
    let engine: Engine
    let holder: SpoolHolder
    /// Called when another process requests the spool; nil if requests are rejected.
    let onHandOver: (@Sendable () -> Void)?
    let reporter: StatusReporter
    let web: WebRoutes

    /// The read-only routes: the status address has only these, and only for clients that `access` allows.
    func reading(access: (@Sendable () -> Access)? = nil) -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders())
        if let access { router.add(middleware: AccessMiddleware(access: access)) }
        web.add(to: router)
        router.get(RouterPath(StatusReport.path)) { _, _ in
            await Self.answer { try await reporter.report() }
        }
        return router
    }

    /// All routes, for the socket.
    func all() -> Router<BasicRequestContext> {
        let router = reading()
        on(Identify.self, router) { _ in holder }
        on(HandOver.self, router) { _ in
            guard let onHandOver else {
                throw ControlRefusal(
                    .spoolUnavailable,
                    "The daemon (pid \(holder.pid)) does not release the spool."
                )
            }
            onHandOver()
            return holder
        }
        on(EstimateReplay.self, router) { try await engine.estimate($0.request) }
        on(CreateReplay.self, router) { try await engine.create($0.request) }
        on(ListReplays.self, router) { command in
            let all = try await engine.spool.replays(of: nil)
            return all.filter { command.sink == nil || $0.sink == command.sink }
        }
        on(MoveReplay.self, router) { try await engine.move($0.replay, $0.move) }
        on(StartVerify.self, router) { command in
            guard holder.role == .daemon else {
                throw ControlRefusal(
                    .spoolUnavailable,
                    "The command `\(holder.command)` (pid \(holder.pid)) holds the spool and does not "
                        + "verify it for other commands; wait until it ends, or start the daemon."
                )
            }
            return try await engine.audits.start(command.request)
        }
        on(ShowProof.self, router) { try await engine.audits.proof($0.proof) }
        on(CancelVerify.self, router) { try await engine.audits.cancel($0.proof) }
        on(RemoveReplay.self, router) { try await engine.remove($0.replay) }
        addHousekeeping(to: router)
        addRetry(to: router)
        addReload(to: router)
        addConnections(to: router)
        return router
    }

    /// Adds the route of one kind of command.
    func on<Command: ControlCommand>(
        _ type: Command.Type,
        _ router: Router<BasicRequestContext>,
        _ work: @escaping @Sendable (Command) async throws -> Command.Answer
    ) {
        router.post(RouterPath(Command.path)) { request, _ in
            let body = try await request.body.collect(upTo: ControlCoding.requestLimit)
            return await Self.answer {
                let command: Command
                do {
                    command = try ControlCoding.decode(type, from: Array(body.readableBytesView))
                } catch {
                    throw ControlRefusal(
                        .wrongUse,
                        "This request cannot be decoded; are the versions of command and daemon different?"
                    )
                }
                if let problem = command.problem { throw ControlRefusal(.wrongUse, problem) }
                return try await work(command)
            }
        }
    }

    private static func answer(_ work: () async throws -> some Encodable) async -> Response {
        do {
            return json(try await work(), .ok)
        } catch let refusal as ControlRefusal {
            return json(refusal.failure, .conflict)
        } catch let error as StoreError {
            let status: ExitStatus = error.kind == .invalid ? .wrongUse : .spoolUnavailable
            return json(ControlFailure(status, error.description), .conflict)
        } catch {
            return json(ControlFailure(.cannotReach, "The daemon could not answer."), .internalServerError)
        }
    }

    private static func json(_ value: some Encodable, _ status: HTTPResponse.Status) -> Response {
        guard let bytes = try? ControlCoding.encode(value) else {
            return Response(status: .internalServerError)
        }
        return Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

extension ControlRoutes {
    /// Manual operations: dead letters, retention, backups.
    func addHousekeeping(to router: Router<BasicRequestContext>) {
        on(RequeueDeadLetters.self, router) { try await engine.requeue($0.events, to: $0.sink) }
        on(DismissDeadLetters.self, router) { command in
            try await engine.spool.dismiss(command.events, of: command.sink, at: engine.time.wall())
        }
        on(PruneNow.self, router) { try await engine.prune(isDryRun: $0.isDryRun) }
        on(TraceAtSource.self, router) { await engine.trace($0.id) }
        on(Forget.self, router) { try await engine.forget($0.name) }
        on(BackUp.self, router) { try await engine.backUp(to: $0.file) }
        on(ShowBackup.self, router) { _ in ShowBackup.Answer(engine.backups.now) }
    }

    /// `spool retry`.
    func addRetry(to router: Router<BasicRequestContext>) {
        on(RetryNow.self, router) { command in
            try requireDaemon(", and retries on its own")
            return try engine.retry(command.sink)
        }
    }

    /// Checks that a daemon holds the spool.
    ///
    /// - Parameter instead: what a command that holds it does, as the end of the sentence.
    /// - Throws: a refusal if a command holds it.
    func requireDaemon(_ instead: String) throws(ControlRefusal) {
        guard holder.role == .daemon else {
            throw ControlRefusal(
                .cannotReach,
                "No daemon is running on this spool: the command `\(holder.command)` (pid \(holder.pid)) "
                    + "holds it\(instead)."
            )
        }
    }
}

extension ControlRoutes {
    /// Routes that checks use before they connect to anything.
    func addConnections(to router: Router<BasicRequestContext>) {
        on(ShowConnections.self, router) { _ in try await engine.connectedSinks(of: reporter.current.value) }
    }
}

extension Engine {
    /// The sinks with an open connection and no error.
    ///
    /// The state alone is not sufficient: before the first attempt it is that of the previous run, and it
    /// remains after a connection is closed.
    func connectedSinks(of composition: Composition) async throws(StoreError) -> [ConnectedSink] {
        let (addresses, settings) = (composition.addresses, composition.sinkSettings)
        let now = time.wall()
        let open = try await spool.connectedSinks()
        return try await spool.status().sinks.compactMap { sink in
            guard open.contains(sink.id), sink.troubleSince == nil,
                SinkCondition.of(sink, notifications, at: now) == "connected",
                let address = addresses[sink.name], let settings = settings[sink.name]
            else { return nil }
            return ConnectedSink(
                sink: sink.name,
                address: address,
                settings: settings,
                lastSettled: sink.lastSuccess
            )
        }
    }
}

extension ControlRoutes {
    /// `spool reload`.
    func addReload(to router: Router<BasicRequestContext>) {
        on(ReloadNow.self, router) { _ in
            try requireDaemon(". A daemon reads the configuration when it starts")
            let path = reporter.current.value.path
            let outcome: Reloads.Outcome
            do {
                outcome = try await engine.reloads.outcome(of: engine.reloads.ask())
            } catch {
                throw ControlRefusal(
                    .cannotReach,
                    "The daemon (pid \(holder.pid)) is stopping and does not reload."
                )
            }
            var report = ReloadReport(configuration: path, isReloaded: outcome.refusal == nil)
            report.problems = outcome.refusal?.problems ?? []
            report.changes = outcome.changes
            report.warnings = outcome.warnings
            return report
        }
    }
}

extension SpoolHolder {
    /// This process.
    package static func current(_ role: Role, command: String) -> SpoolHolder {
        SpoolHolder(
            role: role,
            pid: ProcessInfo.processInfo.processIdentifier,
            command: command,
            version: ProgramVersion.number
        )
    }
}
