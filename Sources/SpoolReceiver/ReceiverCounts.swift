import NIOCore

/// The counters of a receiver.
package struct ReceiverCounts: Sendable, Equatable {
    /// Messages of any framing, except empty lines.
    package var messages = 0
    /// Bytes of messages without their framing.
    package var bytes = 0
    /// Bytes as read, including framing, after TLS decryption.
    package var bytesRead = 0
    /// Messages with an octet count.
    package var octetCounted = 0
    /// Messages as lines.
    package var lines = 0
    /// Messages as datagrams.
    package var datagrams = 0
    /// Messages as lines of an HTTP body.
    package var httpLines = 0
    /// Messages over RELP.
    package var relpFrames = 0
    /// Lines without content.
    package var empty = 0
    /// Messages skipped for their length.
    package var tooLong = 0
    /// Messages that started like an octet count but did not have one.
    package var badCounts = 0
    /// Messages that were cut off by the end of a connection.
    package var unfinished = 0
    /// Different ids, if ids are kept.
    package var ids = 0
    /// Messages with an id that was received before, if ids are kept.
    package var duplicates = 0
    /// Messages without an id, if ids are kept.
    package var withoutID = 0
    /// Connections accepted.
    package var connectionsOpened = 0
    /// Connections ended, by either side.
    package var connectionsClosed = 0
}

/// The record of one connection.
package struct ReceivedConnection: Sendable, Equatable {
    /// How a connection ended.
    package enum End: Sendable, Equatable {
        /// The peer closed it cleanly.
        case byPeer
        /// The receiver closed it cleanly.
        case closed
        /// The receiver reset it.
        case reset
        /// It failed: reset by the peer, or the TLS handshake failed.
        case failed(String)
    }

    /// The number of the connection, from 1.
    package var number: Int
    /// Messages received on it.
    package var messages = 0
    /// Bytes read from it.
    package var bytes = 0
    /// Nil while it is open.
    package var end: End?
}

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
