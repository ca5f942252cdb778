import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import SpoolCore

/// Sends requests to the process that holds a spool, over its Unix socket.
package struct ControlClient: Sendable {
    package let socket: ControlSocket
    private let timeout: Duration

    /// A client for one socket; `timeout` applies to a whole request, as an estimate can take long.
    package init(_ socket: ControlSocket, timeout: Duration = .seconds(60)) {
        self.socket = socket
        self.timeout = timeout
    }

    /// Sends a command and returns its answer.
    package func send<Command: ControlCommand>(_ command: Command) async throws(ControlFault)
        -> Command.Answer
    {
        let body: [UInt8]
        do {
            body = try ControlCoding.encode(command)
        } catch {
            throw .broken("cannot encode the request \(Command.path) as JSON")
        }
        return try await answer(.POST, Command.path, body)
    }

    /// The status of the running daemon.
    package func status() async throws(ControlFault) -> StatusReport {
        try await answer(.GET, StatusReport.path, nil)
    }

    private func answer<Answer: Decodable>(_ method: HTTPMethod, _ path: String, _ body: [UInt8]?)
        async throws(ControlFault) -> Answer
    {
        if let problem = socket.pathProblem { throw .broken(problem) }
        let (status, bytes) = try await exchange(method, path, body)
        do {
            if status == .ok { return try ControlCoding.decode(Answer.self, from: bytes) }
        } catch {
            throw .broken(mismatch("its answer to \(path) cannot be decoded"))
        }
        guard let failure = try? ControlCoding.decode(ControlFailure.self, from: bytes) else {
            throw .broken(mismatch("it answered \(path) with HTTP status \(status.code)"))
        }
        throw .refused(failure)
    }

    private func mismatch(_ what: String) -> String {
        "the process on \(socket) is not a spool daemon of this version: \(what); restart the daemon"
    }

    /// One request on a connection of its own: a command sends few, and no client has to be shut down later.
    private func exchange(_ method: HTTPMethod, _ path: String, _ body: [UInt8]?)
        async throws(ControlFault) -> (HTTPResponseStatus, [UInt8])
    {
        var configuration = HTTPClient.Configuration()
        // A refused connection is an answer; callers that want to wait do so themselves (`find`).
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        let client = HTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup,
            configuration: configuration
        )
        let result: Result<(HTTPResponseStatus, [UInt8]), any Error>
        do {
            result = .success(try await exchange(client, method, path, body))
        } catch {
            result = .failure(error)
        }
        // `shutdown` throws only when it is called twice.
        try? await client.shutdown()
        do {
            return try result.get()
        } catch {
            throw ControlFault(error, socket: socket)
        }
    }

    private func exchange(_ client: HTTPClient, _ method: HTTPMethod, _ path: String, _ body: [UInt8]?)
        async throws -> (HTTPResponseStatus, [UInt8])
    {
        var request = HTTPClientRequest(url: try socket.url(path))
        request.method = method
        request.headers.add(name: "user-agent", value: ProgramVersion.userAgent)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(body)
        }
        let response = try await client.execute(request, timeout: TimeAmount(timeout))
        let buffer = try await response.body.collect(upTo: ControlCoding.limit)
        return (response.status, Array(buffer.readableBytesView))
    }
}
