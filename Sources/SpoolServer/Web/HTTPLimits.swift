import NIOCore
import SpoolControl

/// The limits for clients of a server: number of connections, sizes of requests, and timeouts.
struct HTTPLimits: Sendable {
    /// Concurrent connections.
    ///
    /// A further one replaces the connection that has waited longest for a request; if all have a request in
    /// progress, the new one is closed.
    var connections: Int
    /// Bytes of the request line and all header fields.
    var headerBytes = 16 << 10
    /// Number of header fields.
    var headerFields = 100
    /// Bytes of a request's body.
    var bodyBytes: Int
    /// From a new connection to its complete first request, and from the head of any request to its end.
    var requestTime = TimeAmount.seconds(10)
    /// From a response to the complete head of the next request on the same connection.
    var idleTime = TimeAmount.seconds(60)
    /// Time for the client to read a response.
    var answerTime = TimeAmount.seconds(60)

    /// The status address: requests without a body, from any client that can reach it.
    ///
    /// `descriptors` is the limit of open files of the process: at most an eighth is used for clients.
    static func status(descriptors: Int) -> HTTPLimits {
        HTTPLimits(connections: min(max(descriptors / 8, 4), 64), bodyBytes: 64 << 10)
    }

    /// The control socket: commands of the daemon's user and group.
    static func control(descriptors: Int) -> HTTPLimits {
        HTTPLimits(connections: min(max(descriptors / 16, 4), 16), bodyBytes: ControlCoding.requestLimit)
    }
}
