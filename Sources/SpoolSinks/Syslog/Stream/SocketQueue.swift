import Foundation
import NIOCore

/// What the kernel knows of a connection's sending side, asked through the descriptor.
///
/// To be used on the channel's event loop.
struct SocketQueue {
    private let channel: any Channel

    init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Bytes that the peer's kernel has not acknowledged, those that ours has not taken yet included; nil when
    /// the descriptor is closed.
    ///
    /// `TIOCOUTQ` is Linux's `SIOCOUTQ`: `write_seq - snd_una`, sent but unacknowledged bytes as well (tcp(7)
    /// says "unsent", which is imprecise).
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

    /// Ends our direction of the stream.
    ///
    /// Not through the channel: NIO closes the descriptor by itself once both directions have ended, and then
    /// nobody can tell any more how.
    func shutdownOutput() {
        _ = withDescriptor { shutdown($0, CInt(SHUT_WR)) }
    }

    private func withDescriptor(_ body: (CInt) -> CInt) -> CInt? {
        // Nil and an error both mean that there is no descriptor any more.
        try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self,
            body
        )
    }
}
