import Foundation
import NIOCore

/// Queries the kernel for the state of a connection's sending side.
///
/// It may be used only on the channel's event loop.
struct SocketQueue {
    private let channel: any Channel

    init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Bytes that the peer's kernel has not acknowledged, including those that the local kernel has not
    /// accepted yet; nil when the descriptor is closed.
    ///
    /// `TIOCOUTQ` is Linux's `SIOCOUTQ`: `write_seq - snd_una`, which includes bytes that are sent but
    /// unacknowledged (tcp(7) says "unsent", which is imprecise).
    func unacknowledged() -> Int? {
        guard let waiting = try? channel.syncOptions?.getOption(.bufferedWritableBytes) else { return nil }
        var queued: CInt = 0
        let result = withDescriptor { ioctl($0, UInt(TIOCOUTQ), &queued) }
        return result == 0 ? waiting + Int(queued) : nil
    }

    /// True when the connection was reset, or the descriptor is closed.
    func hasFailed() -> Bool {
        var error: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        let result = withDescriptor { getsockopt($0, SOL_SOCKET, SO_ERROR, &error, &length) }
        return result != 0 || error != 0
    }

    /// Closes the local direction of the stream.
    ///
    /// This bypasses the channel: NIO closes the descriptor once both directions have ended, and then the way
    /// in which the peer ended the connection can no longer be determined.
    func shutdownOutput() {
        _ = withDescriptor { shutdown($0, CInt(SHUT_WR)) }
    }

    private func withDescriptor(_ body: (CInt) -> CInt) -> CInt? {
        // Nil and an error both mean that the descriptor no longer exists.
        try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self,
            body
        )
    }
}
