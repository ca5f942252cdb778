import NIOCore
import SpoolCore
import SpoolNetwork
import Synchronization

/// How a stream ended.
enum StreamEnd {
    /// The peer closed its direction, and the local send queue was empty.
    case peerEnded
    /// The peer uses another protocol.
    case answered
    /// Nothing was written, so `finish` had nothing to wait for.
    case finished
    /// Something was unsettled when the time limit of `finish` ended, and the peer had not ended the stream.
    case timedOut
    /// Everything was settled when the time limit of `finish` ended, but the peer had not ended the stream.
    case unanswered
    /// Everything was settled, but the peer had closed its direction before anything was sent to it.
    case oneWay
    /// `close` was called.
    case closedHere
    case failed(any Error)

    var isPeerEnd: Bool { if case .peerEnded = self { true } else { false } }

    /// The error that ended the stream, if any.
    var error: (any Error)? { if case .failed(let error) = self { error } else { nil } }
}

/// The peer accepted the connection but did not answer the TLS handshake.
struct HandshakeTimeout: Error {}

/// The first bytes that a peer sent; a receiver of lines sends none.
struct PeerAnswer {
    private var head: [UInt8] = []

    var isEmpty: Bool { head.isEmpty }

    mutating func take(_ bytes: ByteBuffer) {
        head += bytes.readableBytesView.prefix(8 - min(8, head.count))
    }

    /// A TLS alert: content type 21, version 3.x (RFC 8446 §5.1).
    var isTLS: Bool { head.count >= 2 && head[0] == 21 && head[1] == 3 }

    var isHTTP: Bool { head.starts(with: "HTTP/".utf8) }

    var isSSH: Bool { head.starts(with: "SSH-".utf8) }

    /// True for a protocol that certainly accepts no lines.
    var isForeign: Bool { isTLS || isHTTP || isSSH }
}

/// Describes the end of a stream to the operator.
struct StreamWords: Sendable {
    /// `siem.example:6514`.
    let peer: String

    func fault(_ end: StreamEnd, answer: PeerAnswer, isUnclean: Bool) -> SinkFault {
        if let foreign = foreign(answer) { return SinkFault(.misconfigured, isUnclean: isUnclean, foreign) }
        let (kind, text): (SinkFault.Kind, String) =
            switch end {
            case .failed(let error): fault(of: error)
            case .peerEnded:
                (.unreachable, answer.isEmpty ? NetworkCause.closed.sentence(peer: peer) : talks)
            case .answered: (.unreachable, talks)
            case .timedOut:
                (.unreachable, "\(peer) did not read everything before the timeout; the rest is sent again")
            case .unanswered:
                (
                    .unreachable,
                    "\(peer) did not close the connection after spool had closed its side; events that it "
                        + "may not have read are doubtful"
                )
            case .oneWay:
                (
                    .unreachable,
                    "\(peer) closed its side of the connection before anything was sent to it, "
                        + "so spool cannot tell whether it reads; "
                        + "events that it may not have read are doubtful"
                )
            case .finished, .closedHere:
                (.unreachable, "spool closed the connection to \(peer)")
            }
        return SinkFault(kind, isUnclean: isUnclean, text)
    }

    /// The fault for an error while connecting.
    func fault(opening error: any Error) -> SinkFault {
        let (kind, text) = fault(of: error)
        return SinkFault(kind, text)
    }

    private func fault(of error: any Error) -> (SinkFault.Kind, String) {
        if error is HandshakeTimeout {
            return (
                .unreachable,
                "\(peer) accepts connections but does not answer the TLS handshake; check that this is its "
                    + "TLS port and that it is running"
            )
        }
        let cause = NetworkFailure.cause(of: error)
        return (cause.isMisconfiguration ? .misconfigured : .unreachable, cause.sentence(peer: peer))
    }

    private var talks: String {
        "\(peer) sends data, which a syslog receiver does not do; check the port"
    }

    private func foreign(_ answer: PeerAnswer) -> String? {
        if answer.isTLS {
            return "\(peer) expects TLS on this port; set `transport: tls`, or use its port without TLS"
        }
        if answer.isHTTP { return "\(peer) is a web server, not a syslog receiver; check the port" }
        if answer.isSSH { return "\(peer) is an SSH server, not a syslog receiver; check the port" }
        return nil
    }
}

/// Remembers whether a sink's receiver may close its own direction right after accepting a connection, and
/// keep reading.
///
/// Such an end looks like that of a receiver that has read everything and closed. The next connection
/// therefore waits for an early end before anything is written: an end during that time proves nothing about
/// lines.
final class EarlyEnd: Sendable {
    /// An end of the peer within this time after connecting may concern only its unused direction.
    let soon: Duration
    /// How long a connection waits for an early end.
    let listening: Duration
    /// How long to keep an idle connection that the peer ended before anything was written.
    ///
    /// The peer may have closed it, which only a write would show. If it were kept for longer, it would count
    /// as proof that the receiver is reachable (`DeliveryState.provedAt`).
    let unused: Duration

    private let seen = Mutex(false)

    init(
        soon: Duration = .seconds(1),
        listening: Duration = .milliseconds(250),
        unused: Duration = .seconds(10)
    ) {
        self.soon = soon
        self.listening = listening
        self.unused = unused
    }

    /// True when the peer ended the last connection soon after it was made, and lines had been written to it.
    var isSuspected: Bool { seen.withLock { $0 } }

    func note(_ wasEarly: Bool) { seen.withLock { $0 = wasEarly } }
}
