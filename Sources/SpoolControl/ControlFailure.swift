package import SpoolCore

/// The answer of the process that holds the spool when it refuses or fails a request.
package struct ControlFailure: Codable, Sendable, Equatable {
    /// What happened, to what, and what to do.
    package let error: String
    /// The exit code that the command ends with.
    package let exit: Int32

    package init(_ status: ExitStatus, _ error: String) {
        self.error = error
        exit = status.rawValue
    }

    /// The exit status; an unknown one from a newer version counts as `cannotReach`.
    package var exitStatus: ExitStatus { ExitStatus(rawValue: exit) ?? .cannotReach }
}

/// Why the process that holds the spool refuses a request.
package struct ControlRefusal: Error, Sendable {
    package let failure: ControlFailure

    package init(_ status: ExitStatus, _ message: String) { failure = ControlFailure(status, message) }
}

/// Why a command got no answer.
package enum ControlFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// No process listens on the socket.
    case noDaemon(String)
    /// This user may not connect.
    case denied(String)
    /// The lock is held, but no process answered in time.
    case lockedWithoutSocket(String)
    /// The answer was invalid, or did not arrive in time.
    case broken(String)
    /// The process that holds the spool refused the request.
    case refused(ControlFailure)

    package var description: String {
        switch self {
        case .noDaemon(let message), .denied(let message), .lockedWithoutSocket(let message),
            .broken(let message):
            message
        case .refused(let failure): failure.error
        }
    }

    /// The exit status of the command.
    package var exitStatus: ExitStatus {
        switch self {
        case .noDaemon, .denied, .broken: .cannotReach
        case .lockedWithoutSocket: .spoolUnavailable
        case .refused(let failure): failure.exitStatus
        }
    }
}
