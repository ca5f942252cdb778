import NIOCore
import SpoolControl

/// What a server grants its clients: numbers of connections, sizes of requests, and times.
struct HTTPLimits: Sendable {
    /// Connections at a time.
    ///
    /// A further one takes the place of the connection that has waited longest for a request; where every one is being
    /// answered, it is closed.
    var connections: Int
    /// Bytes of the request line with all header fields.
    var headerBytes = 16 << 10
    /// Number of header fields.
    var headerFields = 100
    /// Bytes of a request's body.
    var bodyBytes: Int
    /// From a new connection to its whole first request, and from any request's head to its end.
    var requestTime = TimeAmount.seconds(10)
    /// From an answer to the whole head of the next request on the same connection.
    var idleTime = TimeAmount.seconds(60)
    /// For the client to take an answer.
    var answerTime = TimeAmount.seconds(60)

    /// The status address: requests without a body, from any client that can reach it.
    ///
    /// `descriptors` is how many files the process may have open: an eighth of them at most goes to clients.
    static func status(descriptors: Int) -> HTTPLimits {
        HTTPLimits(connections: min(max(descriptors / 8, 4), 64), bodyBytes: 64 << 10)
    }

    /// The control socket: commands of the daemon's user and group.
    static func control(descriptors: Int) -> HTTPLimits {
        HTTPLimits(connections: min(max(descriptors / 16, 4), 16), bodyBytes: ControlCoding.requestLimit)
    }
}
