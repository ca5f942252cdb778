import NIOSSL

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
