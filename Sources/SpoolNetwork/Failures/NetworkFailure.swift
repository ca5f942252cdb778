import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
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

/// The causes that NIOSSL's errors indicate.
enum TLSFailure {
    /// Nil when the error is not one of NIOSSL's.
    static func cause(of error: any Error) -> NetworkCause? {
        switch error {
        case let error as NIOSSLExtraError:
            error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch
                ? .wrongHost : .tls("")
        case let error as NIOSSLError: cause(ofTLS: error)
        case let error as BoringSSLError: cause(ofBoringSSL: error)
        case is NIOSSLCloseTimedOutError: .timedOut
        default: nil
        }
    }

    private static func cause(ofTLS error: NIOSSLError) -> NetworkCause {
        switch error {
        case .handshakeFailed(let error), .shutdownFailed(let error): cause(ofBoringSSL: error)
        case .unableToValidateCertificate, .noCertificateToValidate: .untrustedCertificate
        case .cannotMatchULabel: .wrongHost
        case .uncleanShutdown: .reset
        case .noSuchFilesystemObject, .failedToLoadCertificate, .failedToLoadPrivateKey: .unreadableFile
        default: .tls("")
        }
    }

    private static func cause(ofBoringSSL error: BoringSSLError) -> NetworkCause {
        switch error {
        case .sslError(let stack), .unknownError(let stack), .invalidSNIName(let stack),
            .failedToSetALPN(let stack):
            if stack.contains(.eofDuringHandshake) { return .closedInHandshake }
            return stack.lazy.compactMap { reason(in: $0.description) }.first.map(cause(ofReason:))
                ?? .tls("")
        case .zeroReturn: return .closed
        case .syscallError: return .reset
        default: return .tls("")
        }
    }

    /// BoringSSL's reason word.
    ///
    /// The error type offers only a text, such as `error:1000007d:SSL
    /// routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at /path/file.cc:1`.
    private static func reason(in text: String) -> String? {
        guard let mark = text.firstRange(of: "OPENSSL_internal:") else { return nil }
        let word = text[mark.upperBound...].prefix {
            $0 == "_" || $0.isASCII && ($0.isUppercase || $0.isNumber)
        }
        return word.isEmpty ? nil : String(word)
    }

    static func cause(ofReason reason: String) -> NetworkCause {
        switch reason {
        case "CERTIFICATE_VERIFY_FAILED": .untrustedCertificate
        case "TLSV1_ALERT_CERTIFICATE_REQUIRED", "TLSV1_CERTIFICATE_REQUIRED", "SSLV3_ALERT_NO_CERTIFICATE",
            "PEER_DID_NOT_RETURN_A_CERTIFICATE":
            .clientCertificateRequired
        case "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_EXPIRED",
            "SSLV3_ALERT_CERTIFICATE_REVOKED", "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
            "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "TLSV1_ALERT_UNKNOWN_CA", "TLSV1_ALERT_ACCESS_DENIED",
            "TLSV1_ALERT_DECRYPT_ERROR":
            .clientCertificateRefused
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "BAD_ALERT", "UNEXPECTED_MESSAGE",
            "UNEXPECTED_RECORD", "DATA_LENGTH_TOO_LONG", "ENCRYPTED_LENGTH_TOO_LONG":
            .notTLS
        case "UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "SSLV3_ALERT_HANDSHAKE_FAILURE",
            "TLSV1_ALERT_INSUFFICIENT_SECURITY", "NO_SHARED_CIPHER", "NO_CIPHERS_AVAILABLE":
            .noCommonTLS
        default: .tls(reason)
        }
    }
}

/// The causes that the HTTP client's own errors indicate.
enum HTTPFailure {
    static func cause(of error: HTTPClientError) -> NetworkCause {
        switch error {
        case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            .timedOut
        case .remoteConnectionClosed, .uncleanShutdown: .reset
        case .proxyAuthenticationRequired: .proxyCredentials
        case .invalidProxyResponse: .proxyRefused
        case .cancelled, .requestStreamCancelled: .cancelled
        default: .other("HTTP client: \(error.shortDescription)")
        }
    }
}

/// The causes that errors of `getaddrinfo` indicate.
enum NameLookup {
    static func cause(of error: SocketAddressError.UnknownHost) -> NetworkCause {
        cause(ofCode: error.errorCode)
    }

    static func cause(ofCode code: Int) -> NetworkCause {
        switch code {
        case Int(EAI_AGAIN): .nameServersSilent
        case Int(EAI_MEMORY): .outOfResources
        default: .nameUnknown
        }
    }
}

extension NetworkFailure {
    /// The cause that an `errno` of a connection indicates.
    package static func cause(ofErrorNumber number: Int32) -> NetworkCause {
        switch number {
        case ECONNREFUSED: .refused
        case ECONNRESET, EPIPE, ECONNABORTED: .reset
        case ETIMEDOUT: .timedOut
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL, EAFNOSUPPORT: .noRoute
        case EACCES, EPERM: .forbiddenLocally
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: .outOfResources
        case EMSGSIZE: .messageTooLarge
        default: .system(String(cString: strerror(number)))
        }
    }
}
