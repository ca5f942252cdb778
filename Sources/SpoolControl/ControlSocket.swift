import SpoolCore

/// The Unix socket of a spool: `<spool>.sock`, 0660, HTTP/1.1.
package struct ControlSocket: Sendable, Hashable, CustomStringConvertible {
    /// `sun_path` holds 108 bytes on Linux, the terminating zero included (`unix(7)`).
    package static let longestPath = 107
    /// Owner and group may connect; nobody else.
    package static let permissions: UInt16 = 0o660

    package let path: String
    /// The file that it belongs to.
    package let spool: String

    /// The socket that belongs to a spool's file, whichever of its names is given.
    package init(spool: String) {
        self.spool = ResolvedPath(spool).path
        path = self.spool + ".sock"
    }

    /// What is wrong with the path; nil when a socket can have it.
    package var pathProblem: String? {
        path.utf8.count <= Self.longestPath
            ? nil
            : "the socket's path \(path) is longer than \(Self.longestPath) bytes, "
                + "the limit of a Unix socket; use a shorter path for the spool"
    }

    package var description: String { path }
}
