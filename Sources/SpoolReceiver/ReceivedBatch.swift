import NIOCore

/// The messages that were completed by one read.
struct ReceivedBatch {
    var messages: [ReceivedMessage] = []
    var bytesRead = 0
    var empty = 0
    var tooLong = 0
    var badCounts = 0

    /// Adds a message from a reader; `framing` is given if only the surrounding protocol determines it.
    mutating func add(
        _ event: FrameReader.Event,
        connection: Int,
        as framing: ReceivedMessage.Framing? = nil
    ) {
        switch event {
        case .message(let bytes, _) where bytes.readableBytes == 0:
            empty += 1
        case .message(let bytes, let found):
            messages.append(
                ReceivedMessage(
                    bytes: bytes,
                    framing: framing ?? (found == .lines ? .lines : .octetCounting),
                    connection: connection
                )
            )
        case .tooLong: tooLong += 1
        case .badCount: badCounts += 1
        }
    }
}

extension ReceiverCounts {
    mutating func add(_ batch: ReceivedBatch) {
        messages += batch.messages.count
        bytesRead += batch.bytesRead
        empty += batch.empty
        tooLong += batch.tooLong
        badCounts += batch.badCounts
        for message in batch.messages {
            bytes += message.bytes.readableBytes
            switch message.framing {
            case .octetCounting: octetCounted += 1
            case .lines: lines += 1
            case .datagram: datagrams += 1
            case .http: httpLines += 1
            case .relp: relpFrames += 1
            }
        }
    }
}
