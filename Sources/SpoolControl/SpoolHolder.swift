/// The process that holds the spool's lock and answers on its socket.
package struct SpoolHolder: Codable, Sendable, Equatable {
    /// What kind of process it is.
    package enum Role: String, Codable, Sendable {
        /// `spool run`: never releases the spool for a command.
        case daemon
        /// A command that does its own work, and releases the spool on request.
        case command
    }

    package let role: Role
    /// Its process id.
    package let pid: Int32
    /// Its command, such as `spool run`, for messages.
    package let command: String
    /// Its version.
    package let version: String

    package init(role: Role, pid: Int32, command: String, version: String) {
        self.role = role
        self.pid = pid
        self.command = command
        self.version = version
    }
}
