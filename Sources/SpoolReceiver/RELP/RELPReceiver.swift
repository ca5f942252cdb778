import NIOCore

/// One connection of a RELP sender: every message is acknowledged once it has been accepted.
///
/// This is a minimal server of the protocol: `open`, `syslog` and `close`; it answers other commands with an
/// error.
final class RELPReceiver: ReceiverHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let offers = "relp_version=0\nrelp_software=spool\ncommands=syslog"

    let record: ReceiverRecord
    private var reader: RELPReader
    private var isOpen = false
    var number = 0
    var end: ReceivedConnection.End?
    let queue = InputQueue<ByteBuffer>()

    /// A response that may be sent once this many messages of its read have been accepted.
    private struct Answer {
        let messages: Int
        let bytes: ByteBuffer
    }

    init(_ record: ReceiverRecord, limit: Int) {
        self.record = record
        reader = RELPReader(limit: limit)
    }

    var isUnfinished: Bool { reader.unfinishedBytes > 0 }

    func take(_ bytesRead: ByteBuffer, _ context: ChannelHandlerContext) -> EventLoopFuture<Void>? {
        guard end == nil else { return nil }
        var bytes = bytesRead
        var batch = ReceivedBatch()
        batch.bytesRead = bytes.readableBytes
        reader.append(&bytes)
        var answers: [Answer] = []
        do throws(RELPFault) {
            while end == nil, let frame = try reader.next() {
                let bytes = answer(to: frame, &batch)
                answers.append(Answer(messages: batch.messages.count, bytes: bytes))
            }
        } catch {
            end = .failed("not RELP: \(error.rawValue)")
            batch.badCounts += 1
        }
        return record.take(batch, on: number, context.eventLoop) { [wanted = batch.messages.count] taken in
            if taken < wanted { self.end = .closed }
            self.send(answers.filter { $0.messages <= taken }, context)
        }
    }

    private func send(_ answers: [Answer], _ context: ChannelHandlerContext) {
        var bytes = ByteBuffer()
        for answer in answers { bytes.writeImmutableBuffer(answer.bytes) }
        guard end != nil else { return context.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(bytes)).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    private func answer(to frame: RELPFrame, _ batch: inout ReceivedBatch) -> ByteBuffer {
        switch frame.command {
        case "open":
            isOpen = true
            return RELPFrame.response(to: frame.transaction, "200 OK\n" + Self.offers)
        case "syslog" where isOpen:
            batch.add(relp: frame.data, connection: number)
            return RELPFrame.response(to: frame.transaction, "200 OK")
        case "close":
            end = .closed
            var answer = RELPFrame.response(to: frame.transaction, "200 OK")
            answer.writeImmutableBuffer(RELPFrame.serverClose)
            return answer
        default:
            let reason = isOpen ? "unknown command" : "`open` must come first"
            return RELPFrame.response(to: frame.transaction, "500 \(reason)")
        }
    }
}

extension ReceivedBatch {
    fileprivate mutating func add(relp data: ByteBuffer, connection: Int) {
        var bytes = data
        // Some senders keep the line feed of their input.
        if bytes.readableBytesView.last == 0x0A { bytes.moveWriterIndex(to: bytes.writerIndex - 1) }
        guard bytes.readableBytes > 0 else { return empty += 1 }
        messages.append(ReceivedMessage(bytes: bytes, framing: .relp, connection: connection))
    }
}
