import NIOCore

/// Takes each datagram as one message.
final class DatagramListener: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    /// Senders told apart at most; all later ones are one.
    private static let mostSenders = 10_000

    private let record: ReceiverRecord
    private var senders: [SocketAddress: Int] = [:]

    init(_ record: ReceiverRecord) {
        self.record = record
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        var bytes = envelope.data
        var batch = ReceivedBatch()
        batch.bytesRead = bytes.readableBytes
        // Some senders end datagrams like lines.
        if bytes.readableBytesView.last == 0x0A { bytes.moveWriterIndex(to: bytes.writerIndex - 1) }
        if bytes.readableBytes == 0 {
            batch.empty = 1
        } else {
            let sender = number(of: envelope.remoteAddress)
            batch.messages = [ReceivedMessage(bytes: bytes, framing: .datagram, connection: sender)]
        }
        record.received(batch, on: 0)
    }

    private func number(of sender: SocketAddress) -> Int {
        if let number = senders[sender] { return number }
        guard senders.count < Self.mostSenders else { return 0 }
        senders[sender] = senders.count + 1
        return senders.count
    }
}
