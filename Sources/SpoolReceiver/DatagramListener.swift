import NIOCore

/// Takes each datagram as one message.
final class DatagramListener: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let record: ReceiverRecord

    init(_ record: ReceiverRecord) {
        self.record = record
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data).data
        var batch = ReceivedBatch()
        batch.bytesRead = bytes.readableBytes
        // Some senders end datagrams like lines.
        if bytes.readableBytesView.last == 0x0A { bytes.moveWriterIndex(to: bytes.writerIndex - 1) }
        if bytes.readableBytes == 0 {
            batch.empty = 1
        } else {
            batch.messages = [ReceivedMessage(bytes: bytes, framing: .datagram, connection: 0)]
        }
        record.received(batch, on: 0)
    }
}
