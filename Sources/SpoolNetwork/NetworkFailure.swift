import AsyncHTTPClient
import NIOCore
import NIOPosix
import SpoolCore

/// Translates errors of sockets, name lookup, TLS and the HTTP client into messages for operators.
///
/// The libraries' own texts are never shown: they name source files of the build machine and do not say what
/// to do.
package enum NetworkFailure {
    /// One sentence about a failure: the peer as the operator knows it (`siem.example:6514`), what happened,
    /// and what to do about it.
    package static func describe(_ error: any Error, peer: String) -> String {
        cause(of: error).sentence(peer: peer)
    }

    /// True for problems with the peer's certificate or the client certificate.
    package static func isCertificateProblem(_ error: any Error) -> Bool {
        cause(of: error).isCertificateProblem
    }

    /// The cause that an error indicates.
    package static func cause(of error: any Error) -> NetworkCause {
        switch error {
        case let cause as NetworkCause: cause
        case let error as NIOConnectionError: cause(ofAttempts: error)
        case let error as IOError: cause(ofErrorNumber: error.errnoCode)
        case let error as ChannelError: cause(ofChannel: error)
        case let error as SocketAddressError.UnknownHost: NameLookup.cause(of: error)
        case is SocketAddressError: .nameUnknown
        case let error as HTTPClientError: HTTPFailure.cause(of: error)
        case is CancellationError: .cancelled
        case is TrustFileProblem, is SmallFileFault: .unreadableFile
        default: TLSFailure.cause(of: error) ?? .other(String(describing: type(of: error)))
        }
    }

    /// With several addresses tried, the first attempt that got an answer is the most informative.
    private static func cause(ofAttempts error: NIOConnectionError) -> NetworkCause {
        let attempts = error.connectionErrors.map { cause(of: $0.error) }
        if let told = attempts.first(where: { $0 != .noRoute && $0 != .timedOut }) ?? attempts.first {
            return told
        }
        if let lookup = error.dnsAError ?? error.dnsAAAAError { return cause(of: lookup) }
        return .timedOut
    }

    private static func cause(ofChannel error: ChannelError) -> NetworkCause {
        switch error {
        case .connectTimeout: .timedOut
        case .eof, .ioOnClosedChannel, .alreadyClosed, .inputClosed, .outputClosed: .closed
        case .writeMessageTooLarge: .messageTooLarge
        case .writeHostUnreachable: .noRoute
        default: .other("ChannelError")
        }
    }
}
