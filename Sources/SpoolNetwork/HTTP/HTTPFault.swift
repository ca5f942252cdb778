import AsyncHTTPClient
import NIOHTTP1
import NIOHTTPCompression

/// Why a request got no complete answer.
package struct HTTPFault: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Name, connection or TLS: nothing was sent.
        case unreachable
        /// The proxy is unreachable, refuses, or requires other credentials.
        case proxy
        /// The answer did not arrive in time, or was truncated.
        case incomplete
        /// The answer is not HTTP.
        case nonsense
        /// The body is larger than the limit; the answer contains its first bytes.
        case tooLarge(beginning: HTTPAnswer)
        /// The task was cancelled.
        case cancelled
    }

    package let kind: Kind
    /// What happened, to what, and what to do; no secret.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

extension HTTPFault {
    /// Translates an error of the HTTP client; the text names the host and, if the proxy caused it, the
    /// proxy.
    package static func translate(_ error: any Error, peer: String, proxy: ProxyAddress?) -> HTTPFault {
        if let fault = error as? HTTPFault { return fault }
        if let error = error as? HTTPParserError { return translate(error, peer: peer) }
        if let fault = undecoded(error, peer: peer) { return fault }
        let cause = NetworkFailure.cause(of: error)
        if let proxy, let fault = proxyFault(cause, error, peer: peer, proxy: proxy) { return fault }
        switch cause {
        case .cancelled: return HTTPFault(.cancelled, "the request to \(peer) was cancelled")
        case .untrustedCertificate: return HTTPFault(.unreachable, untrusted(peer))
        case .noRoots: return HTTPFault(.unreachable, NetworkCause.noRoots.sentence(peer: peer))
        case .wrongHost where HostAndPort.isAddress(peer):
            return HTTPFault(
                .unreachable,
                "the certificate of \(peer) does not contain this address: an IP address must be in the "
                    + "certificate's subjectAltName, a common name (CN) alone does not count; have one "
                    + "issued with it, or use a host name from the certificate in `url`"
            )
        case .wrongHost:
            return HTTPFault(
                .unreachable,
                "the certificate of \(peer) is for another name; check the host in `url`, and "
                    + "whether another server answers in its place"
            )
        case .reset, .closed:
            return HTTPFault(.incomplete, "\(peer) dropped the connection before its answer was complete")
        case .timedOut where !isBeforeRequest(error):
            return HTTPFault(.incomplete, "\(peer) did not complete its answer in time")
        case .timedOut:
            return HTTPFault(
                .unreachable,
                "no connection to \(peer) within the time allowed; check the network, firewalls and `proxy`"
            )
        case .refused:
            return HTTPFault(.unreachable, "\(peer) refuses the connection; check `url` and firewalls")
        default:
            return HTTPFault(.unreachable, NetworkFailure.describe(error, peer: peer))
        }
    }

    /// Faults of a compressed body.
    private static func undecoded(_ error: any Error, peer: String) -> HTTPFault? {
        if let error = error as? NIOHTTPDecompression.ExtraDecompressionError, error == .truncatedData {
            return HTTPFault(.incomplete, "\(peer) ended its compressed answer early")
        }
        guard
            error is NIOHTTPDecompression.DecompressionError
                || error is NIOHTTPDecompression.ExtraDecompressionError
        else { return nil }
        return HTTPFault(
            .nonsense,
            "\(peer) answers with a body that is not compressed as its `Content-Encoding` says; check for "
                + "a proxy that compresses responses"
        )
    }

    private static func untrusted(_ peer: String) -> String {
        "the certificate of \(peer) is not trusted: its issuer is unknown here, or it is not valid at this "
            + "machine's time; if your network inspects TLS, set `tls.ca_file` to the PEM file of its CA, "
            + "and check that the system's CA certificates are installed"
    }

    /// With a proxy, a connection that cannot be established is the connection to the proxy.
    private static func proxyFault(
        _ cause: NetworkCause,
        _ error: any Error,
        peer: String,
        proxy: ProxyAddress
    ) -> HTTPFault? {
        let trouble: String
        switch cause {
        case .proxyCredentials:
            trouble =
                proxy.user == nil
                ? "requires credentials (407); set them as `http://user:${PASSWORD}@\(proxy)`"
                : "rejects the credentials (407)"
        case .proxyRefused: trouble = "refuses to connect to \(peer); check its rules and its log"
        case .nameUnknown, .nameServersSilent:
            trouble = "has a name that does not resolve; check its spelling"
        case .refused: trouble = "refuses the connection; check host and port"
        case .noRoute: trouble = "cannot be reached: no route; check the address"
        case .timedOut where isBeforeRequest(error):
            trouble = "does not answer; check host, port and firewalls"
        default: return nil
        }
        return HTTPFault(.proxy, "the proxy \(proxy) \(trouble)")
    }

    private static func isBeforeRequest(_ error: any Error) -> Bool {
        guard let error = error as? HTTPClientError else { return true }
        return error == .connectTimeout || error == .tlsHandshakeTimeout
            || error == .httpProxyHandshakeTimeout
            || error == .getConnectionFromPoolTimeout
    }

    private static func translate(_ error: HTTPParserError, peer: String) -> HTTPFault {
        error == .invalidEOFState
            ? HTTPFault(.incomplete, "\(peer) ended the connection in the middle of its answer")
            : HTTPFault(.nonsense, "\(peer) does not answer in HTTP; check host and port, and `proxy`")
    }
}
