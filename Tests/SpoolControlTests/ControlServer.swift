import Hummingbird
import Logging
import NIOCore
import SpoolControl

/// A server on a spool's Unix socket, like the daemon's, for as long as `body` runs.
func withControlServer<Result: Sendable>(
    on socket: ControlSocket,
    _ routes: (Router<BasicRequestContext>) -> Void,
    _ body: @escaping @Sendable (ControlClient) async throws -> Result
) async throws -> Result {
    let router = Router(context: BasicRequestContext.self)
    routes(router)
    let (running, started) = AsyncStream<Void>.makeStream()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let application = Application(
        router: router,
        configuration: .init(address: .unixDomainSocket(path: socket.path)),
        onServerRunning: { _ in started.finish() },
        logger: logger
    )
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        for await _ in running {}
        let result = try await body(ControlClient(socket, timeout: .seconds(30)))
        group.cancelAll()
        return result
    }
}

extension Router {
    /// Answers a command with the result of `answer` or, when it throws a `ControlFailure`, with that.
    func on<Command: ControlCommand>(
        _ type: Command.Type,
        _ answer: @escaping @Sendable (Command) throws -> Command.Answer
    ) {
        post(RouterPath(Command.path)) { request, _ in
            let body = try await request.body.collect(upTo: ControlCoding.limit)
            let command = try ControlCoding.decode(Command.self, from: Array(body.readableBytesView))
            do {
                return try json(.ok, answer(command))
            } catch let failure as Refusal {
                return try json(.conflict, failure.failure)
            }
        }
    }
}

/// Thrown by a route to refuse a command.
struct Refusal: Error {
    let failure: ControlFailure
}

/// A JSON answer.
func json(_ status: HTTPResponse.Status, _ value: some Encodable) throws -> Response {
    Response(status: status, body: .init(byteBuffer: ByteBuffer(bytes: try ControlCoding.encode(value))))
}
