import Foundation
import Hummingbird
import SpoolConfig
import SpoolControl
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
