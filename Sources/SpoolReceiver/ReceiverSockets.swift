import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The listening socket and its connections.
final class ReceiverSockets: Sendable {
    private struct State {
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        /// False rejects connections that were accepted while everything was being closed.
        var isOpen = false
        var isReading: Bool
        var ending: ConnectionEnding
    }

    private let configuration: ReceiverConfiguration
    private let record: ReceiverRecord
    private let tls: NIOSSLContext?
    private let state: Mutex<State>

    init(_ configuration: ReceiverConfiguration, _ record: ReceiverRecord) throws(ReceiverFault) {
        self.configuration = configuration
        self.record = record
        tls = try configuration.transport.tls?.context()
        state = Mutex(State(isReading: configuration.isReading, ending: configuration.ending))
    }

    /// Listens and returns the port.
    func listen(port: Int) async throws(ReceiverFault) -> Int {
        state.withLock { $0.isOpen = true }
        let channel: any Channel
        do {
            if case .udp = configuration.transport {
                channel = try await datagrams().bind(host: configuration.host, port: port).get()
            } else {
                channel = try await connections().bind(host: configuration.host, port: port).get()
            }
        } catch {
            throw Self.fault(error, host: configuration.host, port: port)
        }
        state.withLock { $0.listener = channel }
        return channel.localAddress?.port ?? port
    }

    /// Closes everything without close_notify, and returns when it is closed.
    func close() async {
        let listener = state.withLock { state in
            defer { state.listener = nil }
            state.isOpen = false
            return state.listener
        }
        // Fails only if the socket is closed already.
        try? await listener?.close()
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections {
            connection.pipeline.fireUserInboundEventTriggered(ReceiverStopping())
        }
        for connection in connections {
            try? await connection.closeFuture.get()
        }
    }

    func setReading(_ isReading: Bool) {
        let channels = state.withLock { state in
            state.isReading = isReading
            var channels = Array(state.connections.values)
            if case .udp = configuration.transport { channels += [state.listener].compactMap(\.self) }
            return channels
        }
        for channel in channels {
            // A connection that ends in the meantime needs no setting.
            channel.setOption(.autoRead, value: isReading).whenFailure { _ in }
        }
    }

    func setEnding(_ ending: ConnectionEnding) {
        state.withLock { $0.ending = ending }
    }

    private static func fault(_ error: any Error, host: String, port: Int) -> ReceiverFault {
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let cause =
            switch (error as? IOError)?.errnoCode {
            case EADDRINUSE: "another program listens there; choose another port, or 0 for a free one"
            case EACCES, EPERM: "ports below 1024 are reserved for root; choose another port"
            case EADDRNOTAVAIL: "this machine has no such address"
            case let number?: String(cString: strerror(number))
            case nil: "the name cannot be resolved, or no socket is available"
            }
        return ReceiverFault("cannot listen on \(place): \(cause)")
    }

    private func connections() -> ServerBootstrap {
        let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { connection in
                connection.eventLoop.makeCompletedFuture { try self.prepare(connection) }
            }
        guard let size = configuration.receiveBuffer else { return bootstrap }
        // Connections inherit it from the listening socket; it has to be set before the window is announced.
        return bootstrap.serverChannelOption(.socketOption(.so_rcvbuf), value: .init(size))
    }

    private func datagrams() -> DatagramBootstrap {
        let isReading = state.withLock { $0.isReading }
        let bootstrap = DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_536))
            .channelOption(.autoRead, value: isReading)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramListener(self.record))
                }
            }
        guard let size = configuration.receiveBuffer else { return bootstrap }
        return bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(size))
    }

    private func prepare(_ connection: any Channel) throws {
        let key = ObjectIdentifier(connection)
        let (isOpen, isReading, ending) = state.withLock { state in
            if state.isOpen { state.connections[key] = connection }
            return (state.isOpen, state.isReading, state.ending)
        }
        guard isOpen else { throw ChannelError.ioOnClosedChannel }
        connection.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[key] = nil }
        }
        try connection.syncOptions?.setOption(.autoRead, value: isReading)
        if let tls {
            try connection.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
        }
        let limit = configuration.longestMessage
        let pipeline = connection.pipeline.syncOperations
        switch configuration.transport {
        case .http:
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(HTTPReceiver(record, limit: limit))
        case .relp: try pipeline.addHandler(RELPReceiver(record, limit: limit))
        case .tcp, .tls, .udp:
            try pipeline.addHandler(ReceiverConnection(record, ending: ending, limit: limit))
        }
    }
}

/// Receives each datagram as one message.
///
/// Nothing is read while messages are being handled; the kernel then queues some datagrams and drops the
/// rest.
final class DatagramListener: ChannelDuplexHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundIn = Never

    /// The maximum number of distinguished senders; all later ones count as one.
    private static let mostSenders = 10_000

    private let record: ReceiverRecord
    private var senders: [SocketAddress: Int] = [:]
    private let queue = InputQueue<AddressedEnvelope<ByteBuffer>>()

    init(_ record: ReceiverRecord) {
        self.record = record
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        queue.add(unwrapInboundIn(data), context) { self.take($0, context.eventLoop) }
    }

    func read(context: ChannelHandlerContext) { queue.read(context) }

    private func take(_ envelope: AddressedEnvelope<ByteBuffer>, _ loop: any EventLoop) -> EventLoopFuture<
        Void
    >? {
        var bytes = envelope.data
        var batch = ReceivedBatch()
        batch.bytesRead = bytes.readableBytes
        // Some senders end datagrams with a line feed.
        if bytes.readableBytesView.last == 0x0A { bytes.moveWriterIndex(to: bytes.writerIndex - 1) }
        if bytes.readableBytes == 0 {
            batch.empty = 1
        } else {
            let sender = number(of: envelope.remoteAddress)
            batch.messages = [ReceivedMessage(bytes: bytes, framing: .datagram, connection: sender)]
        }
        return record.take(batch, on: 0, loop) { _ in }
    }

    private func number(of sender: SocketAddress) -> Int {
        if let number = senders[sender] { return number }
        guard senders.count < Self.mostSenders else { return 0 }
        senders[sender] = senders.count + 1
        return senders.count
    }
}
