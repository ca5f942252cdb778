import NIOCore
import NIOPosix
import Synchronization

/// Sends an empty datagram and waits for an ICMP error, the only evidence UDP can give that nothing listens.
///
/// Receivers drop datagrams without bytes.
package enum DatagramProbe {
    private static let timeout = TimeAmount.milliseconds(500)

    /// Returns when no error arrived, which is all that UDP can show.
    ///
    /// - Throws: `.refused`, or another error of the network.
    package static func knock(at endpoint: Endpoint) async throws(NetworkCause) {
        do {
            let address = try await BlockingCall.run {
                try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
            }
            let box = CauseBox()
            let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramEar(box))
                    }
                }
                .connect(to: address).get()
            channel.writeAndFlush(ByteBuffer(), promise: nil)
            _ = channel.eventLoop.scheduleTask(in: timeout) {
                // An error for the first datagram that was not reported yet makes the second one fail.
                channel.writeAndFlush(ByteBuffer()).whenComplete { result in
                    if case .failure(let error) = result { box.note(NetworkFailure.cause(of: error)) }
                    channel.close(promise: nil)
                }
            }
            try? await channel.closeFuture.get()
            if let cause = box.value { throw cause }
        } catch {
            throw NetworkFailure.cause(of: error)
        }
    }
}

private final class CauseBox: Sendable {
    private let first = Mutex<NetworkCause?>(nil)

    var value: NetworkCause? { first.withLock { $0 } }

    func note(_ cause: NetworkCause) { first.withLock { $0 = $0 ?? cause } }
}

private final class DatagramEar: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let box: CauseBox

    init(_ box: CauseBox) { self.box = box }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        box.note(NetworkFailure.cause(of: error))
        context.close(promise: nil)
    }
}
