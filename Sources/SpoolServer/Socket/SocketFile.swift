import Foundation
import SpoolControl
import SpoolCore
import Synchronization

/// The file of the control socket: removes a stale socket, sets the mode and the owner, and removes it at the
/// end.
///
/// The folder may belong to another user if root runs a command: no link is followed, and only sockets are
/// removed.
final class SocketFile: Sendable {
    private let socket: ControlSocket
    private var path: String { socket.path }
    /// The socket that this process has bound.
    private let bound = Mutex<FileIdentity?>(nil)

    init(_ socket: ControlSocket) { self.socket = socket }

    /// Removes a socket left by another process: no process uses it, since this one holds the lock of the
    /// spool.
    ///
    /// - Throws: `.readOnly` if another kind of file exists there.
    func makeRoom() throws(StoreError) {
        guard let file = FileIdentity(at: path) else { return }
        guard file.isSocket else {
            throw StoreError(.readOnly, "\(path) exists and is not a socket. Move it away.")
        }
        guard unlink(path) == 0 else {
            throw StoreError(
                .readOnly,
                "The socket \(path), left by another process, cannot be removed: "
                    + "\(String(cString: strerror(errno))). Remove it."
            )
        }
    }

    /// Allows only the owner and the group of the spool to connect.
    func hasBeenBound() {
        guard let file = FileIdentity(at: path), file.isSocket else { return }
        bound.withLock { $0 = file }
        // Linux does not follow a link that replaces the socket meanwhile.
        fchmodat(AT_FDCWD, path, mode_t(ControlSocket.permissions), AT_SYMLINK_NOFOLLOW)
        guard geteuid() == 0, let owner = FileOwner.ofSpool(at: socket.spool) else { return }
        fchownat(AT_FDCWD, path, owner.user, owner.group, AT_SYMLINK_NOFOLLOW)
    }

    /// Removes the socket if it is still the one that this process created.
    func remove() {
        guard let bound = bound.withLock({ $0 }), FileIdentity(at: path) == bound else { return }
        unlink(path)
    }
}
