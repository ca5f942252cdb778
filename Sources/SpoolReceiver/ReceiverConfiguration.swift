package import NIOCore

/// What kind of listener to run.
///
/// The default only counts.
package struct ReceiverConfiguration: Sendable {
    /// What it listens with.
    package enum Transport: Sendable {
        case tcp
        case tls(ReceiverTLS)
        case udp
        /// Bodies of POST requests, a message a line; with a certificate over TLS.
        case http(ReceiverTLS?)
        /// Rsyslog's protocol with acknowledgements; with a certificate over TLS.
        case relp(ReceiverTLS?)

        /// The certificate where it is spoken over TLS.
        var tls: ReceiverTLS? {
            switch self {
            case .tcp, .udp: nil
            case .tls(let tls): tls
            case .http(let tls), .relp(let tls): tls
            }
        }
    }

    /// Address to listen at, IPv4 or IPv6.
    package var host = "127.0.0.1"
    /// Port to listen at; 0 takes a free one.
    package var port = 0
    /// What to listen with.
    package var transport: Transport
    /// Keeps how often each event's id came.
    package var keepsIDs = false
    /// Keeps the messages themselves; memory then grows with them.
    package var keepsMessages = false
    /// Messages longer than this are counted as too long and skipped.
    package var longestMessage = 4 << 20
    /// The receive buffer of each connection in bytes; nil leaves it to the kernel.
    package var receiveBuffer: Int?
    /// False accepts connections and reads nothing until told to.
    package var isReading = true
    /// How each connection ends by the receiver's doing.
    package var ending: ConnectionEnding = .byPeer
    /// Takes each message, in the order of its connection and one at a time, on a thread of its own; it may block.
    ///
    /// A message counts, and is acknowledged by RELP and HTTP, once this has returned. Until then its connection reads
    /// no more. What it throws refuses the message: it is not acknowledged, and its connection ends.
    package var onMessage: (@Sendable (ReceivedMessage) throws -> Void)?

    /// A listener at a free port of the loopback address.
    package init(_ transport: Transport = .tcp) {
        self.transport = transport
    }
}

/// How a connection ends by the receiver's doing.
package enum ConnectionEnding: Sendable, Equatable {
    /// Not at all: the peer ends it.
    case byPeer
    /// The receiver resets it after reading so many bytes; what else was sent is lost.
    case reset(afterBytes: Int)
    /// The receiver closes it cleanly after so many messages.
    case close(afterMessages: Int)
}

/// One message as it came.
package struct ReceivedMessage: Sendable {
    /// How its end was found.
    package enum Framing: String, Sendable {
        case octetCounting
        case lines
        case datagram
        case http
        case relp
    }

    /// Its bytes without framing.
    package var bytes: ByteBuffer
    /// How its end was found.
    package var framing: Framing
    /// The connection it came on, or for datagrams their sender (address and port), from 1; 0 for senders that
    /// came after ten thousand others.
    package var connection: Int

    /// Its text; bytes that are no UTF-8 are replaced.
    package var text: String {
        String(decoding: bytes.readableBytesView, as: UTF8.self)
    }

    /// What it says as CEF, or why it is none.
    package var cef: Result<CEFLine, CEFError> {
        Result { () throws(CEFError) in try CEFParser.parse(Array(bytes.readableBytesView)) }
    }
}
