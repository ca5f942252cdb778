import NIOCore

/// Sends empty lines to a peer that should accept lines without TLS, to see whether it does.
///
/// Receivers drop empty lines (rsyslog: "discarding zero-sized message", syslog-ng: without the flag
/// `empty-lines`) and send nothing. A TLS server treats them as an invalid handshake, and answers or closes
/// the connection.
package struct PlainProbe: Sendable {
    /// The peer's reaction.
    package enum Reaction: Sendable, Equatable {
        /// Nothing, as expected from a receiver of lines.
        case silence
        /// It closed the connection.
        case closed
        /// It answered with a TLS alert (RFC 8446 §5.1: content type 21, version 3.x).
        case alert
        /// It sent something else: it does not only receive lines.
        case talk
    }

    private let way: Route
    private let sendsLines: Bool

    /// - Parameters:
    ///   - way: the route to the peer.
    ///   - sendsLines: false to send nothing, and only see whether it keeps the connection open.
    package init(_ way: Route, sendsLines: Bool = true) {
        self.way = way
        self.sendsLines = sendsLines
    }

    /// Connects, sends, waits for a reaction and closes.
    package func react() async throws(NetworkCause) -> Reaction {
        let (reaction, sendsLines) = (ReactionBox(), sendsLines)
        let channel: any Channel
        do throws(NetworkCause) {
            channel = try await way.connect { channel in
                try channel.pipeline.syncOperations.addHandler(
                    ReactionWatcher(reaction, sendsLines: sendsLines)
                )
            }
        } catch .reset, .closed {
            // The peer closed the connection before this end noticed that it was connected.
            return .closed
        }
        try? await channel.closeFuture.get()
        return reaction.value
    }
}
