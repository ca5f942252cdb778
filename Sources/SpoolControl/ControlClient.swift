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

extension ControlClient {
    /// Finds the process that holds the spool; nil when the lock is free and the caller may take it.
    ///
    /// A daemon that is starting or stopping holds the lock and does not listen. While the lock is held, this
    /// therefore asks again until `timeout` has passed. It polls because nothing notifies it when a socket
    /// appears.
    ///
    /// - Parameters:
    ///   - timeout: How long to wait for an answer while the lock is held.
    ///   - clock: The clock for the waits.
    ///   - lockHolder: Returns the holder of the lock (`pid 4711, spool run`); nil when the lock is free.
    /// - Returns: The process that answers on the socket.
    /// - Throws: `.lockedWithoutSocket` when `timeout` has passed, or why the socket cannot be used.
    package func find(
        timeout: Duration = .seconds(10),
        clock: some Clock<Duration> = ContinuousClock(),
        lockHolder: () -> String?
    ) async throws(ControlFault) -> SpoolHolder? {
        let end = clock.now.advanced(by: timeout)
        while true {
            do {
                return try await send(Identify())
            } catch .noDaemon {
                guard let holder = lockHolder() else { return nil }
                guard clock.now < end else {
                    throw .lockedWithoutSocket(
                        "the spool is locked by \(holder), which has not answered on \(socket) for "
                            + "\(Age.text(timeout)); is it starting, stopping or stuck? See its log"
                    )
                }
            }
            do {
                try await clock.sleep(for: .milliseconds(250))
            } catch {
                throw .broken("the wait for \(socket) was cancelled")
            }
        }
    }
}

/// The Unix socket of a spool: `<spool>.sock`, 0660, HTTP/1.1.
package struct ControlSocket: Sendable, Hashable, CustomStringConvertible {
    /// `sun_path` holds 108 bytes on Linux, including the terminating zero (`unix(7)`).
    package static let longestPath = 107
    /// Only the owner and the group may connect.
    package static let permissions: UInt16 = 0o660

    package let path: String
    /// The spool file that the socket belongs to.
    package let spool: String

    /// The socket of a spool file, whichever of the file's paths is given.
    package init(spool: String) {
        self.spool = ResolvedPath(spool).path
        path = self.spool + ".sock"
    }

    /// Why a socket cannot have this path; nil when it can.
    package var pathProblem: String? {
        path.utf8.count <= Self.longestPath
            ? nil
            : "the socket's path \(path) is longer than \(Self.longestPath) bytes, "
                + "the limit of a Unix socket; use a shorter path for the spool"
    }

    package var description: String { path }
}
