import AsyncHTTPClient

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
