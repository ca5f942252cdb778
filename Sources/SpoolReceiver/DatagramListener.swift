import NIOCore

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
