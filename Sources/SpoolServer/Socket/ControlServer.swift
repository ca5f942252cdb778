import Foundation
import Hummingbird
package import Logging
import NIOCore
package import SpoolConfig
package import SpoolControl
import SpoolCore
package import SpoolEngine
import SpoolPipeline
import SpoolStore
import Synchronization

/// Serves the Unix socket, and the status address if one is configured.
///
/// If one of them cannot be bound, that is logged, and the daemon forwards without it. The socket is retried
/// every 30 seconds.
package struct ControlServer: Sendable {
    private let socket: ControlSocket
    private let local: HTTPServer
    private let remote: (address: ListenAddress, server: HTTPServer)?
    private let time: Clocks
    private let logger: Logger

    /// Creates a server for an engine.
    ///
    /// - Parameters:
    ///   - socket: the location of the Unix socket.
    ///   - engine: the engine that commands act on.
    ///   - current: its configuration.
    ///   - holder: this process.
    ///   - status: the status address; nil for none.
    ///   - readiness: whether the daemon is ready.
    ///   - onHandOver: called when another process requests the spool; nil if requests are rejected.
    ///   - droppedLogLines: the number of log lines dropped since the start.
    ///   - logger: for addresses that cannot be served.
    package init(
        socket: ControlSocket,
        engine: Engine,
        current: CurrentComposition,
        holder: SpoolHolder,
        status: ListenAddress? = nil,
        readiness: Readiness = Readiness(),
        onHandOver: (@Sendable () -> Void)? = nil,
        droppedLogLines: @escaping @Sendable () -> Int = { 0 },
        logger: Logger
    ) {
        self.init(
            socket: socket,
            status: status,
            routes: ControlRoutes(
                engine: engine,
                holder: holder,
                onHandOver: onHandOver,
                reporter: StatusReporter(engine: engine, current: current),
                web: WebRoutes(
                    engine: engine,
                    current: current,
                    readiness: readiness,
                    droppedLogLines: droppedLogLines
                )
            ),
            logger: logger
        )
    }

    init(socket: ControlSocket, status: ListenAddress?, routes: ControlRoutes, logger: Logger) {
        self.socket = socket
        self.logger = logger
        time = routes.engine.time
        let descriptors = DescriptorLimit.current
        local = HTTPServer(
            .socket(socket.path),
            limits: .control(descriptors: descriptors),
            router: routes.all()
        )
        let current = routes.web.current
        remote = status.map { status in
            let reading = routes.reading { Access(token: current.value.status.token, listen: status) }
            return (
                status, HTTPServer(.tcp(status), limits: .status(descriptors: descriptors), router: reading)
            )
        }
    }

    /// Serves until stopped or cancelled.
    ///
    /// - Parameter onReady: called once the socket has been bound, or binding it has failed.
    /// - Throws: `.invalid` if the path is too long for a socket.
    package func run(onReady: @escaping @Sendable () async -> Void) async throws {
        if let problem = socket.pathProblem { throw StoreError(.invalid, problem) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await serveSocket(onReady) }
            if let remote { group.addTask { await serve(remote.server, at: remote.address) } }
            await group.waitForAll()
        }
    }

    /// Ends `run`; requests in progress are answered within `limit`, the others are aborted.
    package func stop(within limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await local.stop(within: limit) }
            if let remote { group.addTask { await remote.server.stop(within: limit) } }
        }
    }

    private func serveSocket(_ onReady: @Sendable () async -> Void) async {
        let file = SocketFile(socket)
        var told: String?
        while true {
            do {
                try file.makeRoom()
                defer { file.remove() }
                try await local.run { [told] in
                    file.hasBeenBound()
                    if told == nil { return await onReady() }
                    logger.notice("control socket bound", metadata: ["path": "\(socket)"])
                }
                return
            } catch {
                let cause = (error as? StoreError)?.description ?? Self.cause(error)
                if cause != told {
                    logger.error(
                        "control socket cannot be bound, retrying; commands cannot reach this process",
                        metadata: ["path": "\(socket)", "cause": "\(cause)"]
                    )
                }
                if told == nil { await onReady() }
                told = cause
            }
            await time.wait(.seconds(30))
            if Task.isCancelled { return }
        }
    }

    private func serve(_ server: HTTPServer, at address: ListenAddress) async {
        do {
            try await server.run {}
        } catch {
            logger.error(
                "status address cannot be bound",
                metadata: [
                    "address": "\(address)",
                    "cause": "cannot listen on the address: \(Self.cause(error))",
                ]
            )
        }
    }

    private static func cause(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        let words = String(cString: strerror(error.errnoCode))
        return error.errnoCode == EADDRINUSE ? "\(words); does another program use it?" : words
    }
}

/// The file of the control socket: removes a stale socket, sets the mode and the owner, and removes it at the
/// end.
///
/// The folder may belong to another user if root runs a command: no link is followed, and only sockets are
/// removed.
final class SocketFile: Sendable {
    private let socket: ControlSocket
    private var path: String { socket.path }
    /// The socket that this process has bound.
    private let bound = Mutex<FileIdentity?>(nil)

    init(_ socket: ControlSocket) { self.socket = socket }

    /// Removes a socket left by another process: no process uses it, since this one holds the lock of the
    /// spool.
    ///
    /// - Throws: `.readOnly` if another kind of file exists there.
    func makeRoom() throws(StoreError) {
        guard let file = FileIdentity(at: path) else { return }
        guard file.isSocket else {
            throw StoreError(.readOnly, "\(path) exists and is not a socket. Move it away.")
        }
        guard unlink(path) == 0 else {
            throw StoreError(
                .readOnly,
                "The socket \(path), left by another process, cannot be removed: "
                    + "\(String(cString: strerror(errno))). Remove it."
            )
        }
    }

    /// Allows only the owner and the group of the spool to connect.
    func hasBeenBound() {
        guard let file = FileIdentity(at: path), file.isSocket else { return }
        bound.withLock { $0 = file }
        // Linux does not follow a link that replaces the socket meanwhile.
        fchmodat(AT_FDCWD, path, mode_t(ControlSocket.permissions), AT_SYMLINK_NOFOLLOW)
        guard geteuid() == 0, let owner = FileOwner.ofSpool(at: socket.spool) else { return }
        fchownat(AT_FDCWD, path, owner.user, owner.group, AT_SYMLINK_NOFOLLOW)
    }

    /// Removes the socket if it is still the one that this process created.
    func remove() {
        guard let bound = bound.withLock({ $0 }), FileIdentity(at: path) == bound else { return }
        unlink(path)
    }
}
