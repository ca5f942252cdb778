package import NIOCore

/// The configuration of a listener.
///
/// By default it only counts.
package struct ReceiverConfiguration: Sendable {
    /// The protocol of the listener.
    package enum Transport: Sendable {
        case tcp
        case tls(ReceiverTLS)
        case udp
        /// Bodies of POST requests, one message per line; with a certificate over TLS.
        case http(ReceiverTLS?)
        /// rsyslog's protocol with acknowledgements; with a certificate over TLS.
        case relp(ReceiverTLS?)

        /// The certificate, if TLS is used.
        var tls: ReceiverTLS? {
            switch self {
            case .tcp, .udp: nil
            case .tls(let tls): tls
            case .http(let tls), .relp(let tls): tls
            }
        }
    }

    /// The address to listen on, IPv4 or IPv6.
    package var host = "127.0.0.1"
    /// The port to listen on; 0 selects a free one.
    package var port = 0
    /// The protocol of the listener.
    package var transport: Transport
    /// Keeps how often each event's id was received.
    package var keepsIDs = false
    /// Keeps the messages; memory use grows with them.
    package var keepsMessages = false
    /// Messages longer than this are counted as too long and skipped.
    package var longestMessage = 4 << 20
    /// The receive buffer of each connection in bytes; nil leaves it to the kernel.
    package var receiveBuffer: Int?
    /// False accepts connections but reads nothing until reading is enabled.
    package var isReading = true
    /// How the receiver ends each connection.
    package var ending: ConnectionEnding = .byPeer
    /// Handles each message, in the order of its connection and one at a time, on a separate thread; it may
    /// block.
    ///
    /// A message is counted, and acknowledged by RELP and HTTP, once this has returned. Until then its
    /// connection reads no more. If it throws, the message is refused: it is not acknowledged, and its
    /// connection ends.
    package var onMessage: (@Sendable (ReceivedMessage) throws -> Void)?

    /// A listener on a free port of the loopback address.
    package init(_ transport: Transport = .tcp) {
        self.transport = transport
    }
}

/// How the receiver ends a connection.
package enum ConnectionEnding: Sendable, Equatable {
    /// Not at all: the peer ends it.
    case byPeer
    /// The receiver resets it after reading this many bytes; other sent data is lost.
    case reset(afterBytes: Int)
    /// The receiver closes it cleanly after this many messages.
    case close(afterMessages: Int)
}

/// One received message.
package struct ReceivedMessage: Sendable {
    /// How the end of the message was determined.
    package enum Framing: String, Sendable {
        case octetCounting
        case lines
        case datagram
        case http
        case relp
    }

    /// Its bytes without framing.
    package var bytes: ByteBuffer
    /// How its end was determined.
    package var framing: Framing
    /// The number of its connection, or for datagrams of their sender (address and port), from 1.
    ///
    /// It is 0 for senders after the first ten thousand.
    package var connection: Int

    /// Its text; bytes that are not UTF-8 are replaced.
    package var text: String {
        String(decoding: bytes.readableBytesView, as: UTF8.self)
    }

    /// The message parsed as CEF, or why it is not valid CEF.
    package var cef: Result<CEFLine, CEFError> {
        Result { () throws(CEFError) in try CEFParser.parse(Array(bytes.readableBytesView)) }
    }
}
