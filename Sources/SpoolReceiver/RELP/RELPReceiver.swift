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

/// One frame of RELP: `TXNR SP COMMAND SP DATALEN [SP DATA] LF` (rsyslog's "RELP specification", §2.1).
struct RELPFrame: Equatable {
    var transaction: Int
    var command: String
    var data: ByteBuffer

    /// The response to this frame.
    static func response(to transaction: Int, _ text: String) -> ByteBuffer {
        ByteBuffer(string: "\(transaction) rsp \(text.utf8.count) \(text)\n")
    }

    /// The frame that a server sends before it closes.
    static let serverClose = ByteBuffer(string: "0 serverclose 0\n")
}

/// Why bytes are not valid RELP.
enum RELPFault: String, Error {
    case badTransaction = "no transaction number"
    case badCommand = "no command"
    case badLength = "no length, or too long"
    case noTrailer = "no line feed after the data"
}

/// Splits a stream of bytes into RELP frames.
struct RELPReader {
    /// The maximum length of numbers and of the command (§2.1).
    private static let longestNumber = 9
    private static let longestCommand = 32

    private let limit: Int
    private var pending = ByteBuffer()

    /// A reader of frames with at most `limit` bytes of data.
    init(limit: Int) { self.limit = limit }

    /// The number of bytes of an incomplete frame.
    var unfinishedBytes: Int { pending.readableBytes }

    mutating func append(_ bytes: inout ByteBuffer) { pending.writeBuffer(&bytes) }

    /// The next frame, or nil until more bytes arrive.
    mutating func next() throws(RELPFault) -> RELPFrame? {
        let view = pending.readableBytesView
        var place = view.startIndex
        guard
            let number = try Self.word(in: view, from: &place, atMost: Self.longestNumber, .badTransaction)
        else { return nil }
        guard let transaction = Int(number) else { throw .badTransaction }
        guard let command = try Self.word(in: view, from: &place, atMost: Self.longestCommand, .badCommand)
        else { return nil }
        guard !command.isEmpty else { throw .badCommand }
        guard let digits = try Self.word(in: view, from: &place, atMost: Self.longestNumber, .badLength)
        else {
            return nil
        }
        guard let length = Int(digits), length <= limit else { throw .badLength }
        // A length of 0 may be written without the space that would precede the data.
        if length == 0, view[view.index(before: place)] == 0x0A {
            pending.moveReaderIndex(to: place)
            return RELPFrame(transaction: transaction, command: command, data: ByteBuffer())
        }
        guard view.distance(from: place, to: view.endIndex) > length else { return nil }
        guard view[place + length] == 0x0A else { throw .noTrailer }
        pending.moveReaderIndex(to: place)
        let data = pending.readSlice(length: length) ?? ByteBuffer()
        pending.moveReaderIndex(forwardBy: 1)
        pending.discardReadBytes()
        return RELPFrame(transaction: transaction, command: command, data: data)
    }

    /// The text up to the next space or line feed, after which `place` is set; nil until it is complete.
    private static func word(
        in view: ByteBufferView,
        from place: inout Int,
        atMost longest: Int,
        _ fault: RELPFault
    ) throws(RELPFault) -> String? {
        let rest = view[place...]
        guard let end = rest.prefix(longest + 1).firstIndex(where: { $0 == 0x20 || $0 == 0x0A }) else {
            if rest.count > longest { throw fault }
            return nil
        }
        let text = String(decoding: view[place..<end], as: UTF8.self)
        // Only a length may be followed by a line feed directly, when there is no data.
        guard view[end] == 0x20 || fault == .badLength else { throw fault }
        place = end + 1
        return text
    }
}
