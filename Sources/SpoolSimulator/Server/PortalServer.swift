import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// One listening socket and its connections, from its start until it is stopped.
final class PortalServer: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    let port: Int
    private let socket: any Channel
    private let task: Task<Void, Never>

    private init(port: Int, socket: any Channel, task: Task<Void, Never>) {
        self.port = port
        self.socket = socket
        self.task = task
    }

    static func start(_ portal: Portal, host: String, port: Int, tls: NIOSSLContext?) async throws
        -> PortalServer
    {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port) { connection in
                connection.eventLoop.makeCompletedFuture {
                    if let tls {
                        try connection.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try connection.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: connection)
                }
            }
        let bound = channel.channel.localAddress?.port ?? port
        let task = Task<Void, Never> {
            // The socket fails only by being closed, which is how serving ends.
            _ = try? await channel.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask {
                            // What becomes of one connection is its client's affair.
                            try? await PortalConnection(portal: portal).serve(connection)
                        }
                    }
                    // The socket is closed, and every connection it accepted has its task: now these end.
                    group.cancelAll()
                }
            }
        }
        return PortalServer(port: bound, socket: channel.channel, task: task)
    }

    /// Closes the socket and every connection, and returns when they are closed.
    func stop() async {
        // It fails only if it is closed already.
        try? await socket.close()
        await task.value
    }
}
