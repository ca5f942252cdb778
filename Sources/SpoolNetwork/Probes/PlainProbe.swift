import NIOCore

/// Sends empty lines to a peer that should take lines without TLS, to see whether it does.
///
/// Receivers drop empty lines (rsyslog: "discarding zero-sized message", syslog-ng: without the flag `empty-lines`),
/// and stay silent; a TLS server takes them for a broken handshake, and answers or hangs up.
package struct PlainProbe: Sendable {
    /// What the peer did.
    package enum Reaction: Sendable, Equatable {
        /// Nothing, as a receiver of lines does.
        case silence
        /// It hung up.
        case closed
        /// It answered with a TLS alert (RFC 8446 §5.1: content type 21, version 3.x).
        case alert
        /// It said something else: it is no receiver of lines alone.
        case talk
    }

    private let way: Way
    private let sendsLines: Bool

    /// - Parameters:
    ///   - way: to the peer.
    ///   - sendsLines: False to send nothing, and only see whether it keeps the connection.
    package init(_ way: Way, sendsLines: Bool = true) {
        self.way = way
        self.sendsLines = sendsLines
    }

    /// Connects, sends, watches and closes.
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
            // Faster than this end could notice that it had been connected.
            return .closed
        }
        try? await channel.closeFuture.get()
        return reaction.value
    }
}
