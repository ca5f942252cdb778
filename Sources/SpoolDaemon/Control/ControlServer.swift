import Foundation
import Hummingbird
import Logging
import SpoolConfig
import SpoolControl
import SpoolCore

/// Serves the Unix socket, and the status address where there is one.
struct ControlServer: Sendable {
    private let socket: ControlSocket
    private let status: ListenAddress?
    private let routes: ControlRoutes
    private let logger: Logger

    init(socket: ControlSocket, status: ListenAddress?, routes: ControlRoutes, logger: Logger) {
        self.socket = socket
        self.status = status
        self.routes = routes
        self.logger = logger
    }

    /// Serves until cancelled or shut down; `onReady` is called once everything is bound.
    ///
    /// The status address is no reason to stop: if it is taken, that is logged, and the socket serves alone.
    func run(onReady: @escaping @Sendable () async -> Void) async throws {
        if let problem = socket.pathProblem { throw StoreError(.invalid, problem) }
        // The lock is ours, so a socket that is there was left behind by a process that is gone.
        unlink(socket.path)
        defer { unlink(socket.path) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let path = socket.path
            let local = application(routes.all(), .unixDomainSocket(path: path)) {
                chmod(path, mode_t(ControlSocket.permissions))
                await onReady()
            }
            group.addTask { try await local.run() }
            if let status {
                let current = routes.web.current
                let reading = routes.reading {
                    Access(token: current.value.status.token, listen: status)
                }
                let remote = application(reading, .hostname(status.host, port: status.port)) {}
                group.addTask {
                    do {
                        try await remote.run()
                    } catch {
                        logger.error(
                            "status address not served",
                            metadata: [
                                "address": "\(status)",
                                "cause": "the address cannot be listened on; is it in use?",
                            ]
                        )
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func application(
        _ router: Router<BasicRequestContext>,
        _ address: BindAddress,
        _ onBound: @escaping @Sendable () async -> Void
    ) -> some ApplicationProtocol {
        var quiet = Logger(label: "spool.control")
        quiet.logLevel = .critical
        return Application(
            router: router,
            configuration: ApplicationConfiguration(address: address, serverName: "spool"),
            onServerRunning: { _ in await onBound() },
            logger: quiet
        )
    }
}
