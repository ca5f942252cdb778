import SpoolCore

/// The Unix socket of a spool: `<spool>.sock`, 0660, HTTP/1.1.
package struct ControlSocket: Sendable, Hashable, CustomStringConvertible {
    /// `sun_path` holds 108 bytes on Linux, including the terminating zero (`unix(7)`).
    package static let longestPath = 107
    /// Only the owner and the group may connect.
    package static let permissions: UInt16 = 0o660

    package let path: String
    /// The spool file that the socket belongs to.
    package let spool: String

    /// The socket of a spool file, whichever of the file's paths is given.
    package init(spool: String) {
        self.spool = ResolvedPath(spool).path
        path = self.spool + ".sock"
    }

    /// Why a socket cannot have this path; nil when it can.
    package var pathProblem: String? {
        path.utf8.count <= Self.longestPath
            ? nil
            : "the socket's path \(path) is longer than \(Self.longestPath) bytes, "
                + "the limit of a Unix socket; use a shorter path for the spool"
    }

    package var description: String { path }
}
