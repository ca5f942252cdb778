/// What a receiver has counted.
package struct ReceiverCounts: Sendable, Equatable {
    /// Messages of any framing, empty lines excepted.
    package var messages = 0
    /// Bytes of messages without their framing.
    package var bytes = 0
    /// Bytes as they were read, framing included, after TLS.
    package var bytesRead = 0
    /// Messages that came with an octet count.
    package var octetCounted = 0
    /// Messages that came as lines.
    package var lines = 0
    /// Messages that came as datagrams.
    package var datagrams = 0
    /// Messages that came as lines of an HTTP body.
    package var httpLines = 0
    /// Messages that came by RELP.
    package var relpFrames = 0
    /// Lines without content.
    package var empty = 0
    /// Messages skipped for their length.
    package var tooLong = 0
    /// Messages that began like an octet count and had none.
    package var badCounts = 0
    /// Messages that a connection's end cut off.
    package var unfinished = 0
    /// Different ids, if ids are kept.
    package var ids = 0
    /// Messages whose id had come before, if ids are kept.
    package var duplicates = 0
    /// Messages in which no id was found, if ids are kept.
    package var withoutID = 0
    /// Connections accepted.
    package var connectionsOpened = 0
    /// Connections ended, whoever ended them.
    package var connectionsClosed = 0
}

/// One connection's story.
package struct ReceivedConnection: Sendable, Equatable {
    /// How a connection ended.
    package enum End: Sendable, Equatable {
        /// The peer closed it in an orderly way.
        case byPeer
        /// The receiver closed it cleanly.
        case closed
        /// The receiver reset it.
        case reset
        /// It broke: reset by the peer, or no agreement on TLS.
        case failed(String)
    }

    /// The number of the connection, from 1.
    package var number: Int
    /// Messages that came on it.
    package var messages = 0
    /// Bytes read from it.
    package var bytes = 0
    /// Nil while it is open.
    package var end: End?
}
