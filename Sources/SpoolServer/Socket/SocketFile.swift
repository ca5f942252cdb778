import Foundation
import SpoolControl
import SpoolCore
import Synchronization

/// The file of the control socket: what lies at its path before, its mode, and its end.
///
/// The folder may belong to another user when root runs a command: no link is followed, and nothing but a socket is
/// removed.
final class SocketFile: Sendable {
    private let socket: ControlSocket
    private var path: String { socket.path }
    /// The socket that this process has bound.
    private let bound = Mutex<FileIdentity?>(nil)

    init(_ socket: ControlSocket) { self.socket = socket }

    /// Removes a socket that a process has left behind: this one holds the spool's lock, so it is nobody's.
    ///
    /// - Throws: `.readOnly` when something else lies there.
    func makeRoom() throws(StoreError) {
        guard let file = FileIdentity(at: path) else { return }
        guard file.isSocket else {
            throw StoreError(.readOnly, "\(path) exists and is not a socket. Move it away.")
        }
        guard unlink(path) == 0 else {
            throw StoreError(
                .readOnly,
                "The socket \(path), left by another process, cannot be removed: \(String(cString: strerror(errno))). "
                    + "Remove it."
            )
        }
    }

    /// Lets the owner and the group of the spool connect, and nobody else.
    func hasBeenBound() {
        guard let file = FileIdentity(at: path), file.isSocket else { return }
        bound.withLock { $0 = file }
        // Linux follows no link that takes the socket's place meanwhile.
        fchmodat(AT_FDCWD, path, mode_t(ControlSocket.permissions), AT_SYMLINK_NOFOLLOW)
        guard geteuid() == 0, let owner = FileOwner.ofSpool(at: socket.spool) else { return }
        fchownat(AT_FDCWD, path, owner.user, owner.group, AT_SYMLINK_NOFOLLOW)
    }

    /// Removes the socket, if it is still this process's own.
    func remove() {
        guard let bound = bound.withLock({ $0 }), FileIdentity(at: path) == bound else { return }
        unlink(path)
    }
}
