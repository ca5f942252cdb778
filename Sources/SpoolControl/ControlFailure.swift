package import SpoolCore

/// The answer of the process that holds the spool when it does not do what was asked.
package struct ControlFailure: Codable, Sendable, Equatable {
    /// What happened, to what, and what to do.
    package let error: String
    /// The exit code that the command ends with.
    package let exit: Int32

    package init(_ status: ExitStatus, _ error: String) {
        self.error = error
        exit = status.rawValue
    }

    /// The exit status; one of a newer version counts as `cannotReach`.
    package var exitStatus: ExitStatus { ExitStatus(rawValue: exit) ?? .cannotReach }
}

/// Why a command did not get its answer.
package enum ControlFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nobody listens on the socket.
    case noDaemon(String)
    /// This user may not connect.
    case denied(String)
    /// The lock is held, and yet nobody answered for as long as patience lasted.
    case lockedWithoutSocket(String)
    /// The answer was none, or did not come in time.
    case broken(String)
    /// The process that holds the spool said no.
    case refused(ControlFailure)

    package var description: String {
        switch self {
        case .noDaemon(let message), .denied(let message), .lockedWithoutSocket(let message),
            .broken(let message):
            message
        case .refused(let failure): failure.error
        }
    }

    /// What the command ends with.
    package var exitStatus: ExitStatus {
        switch self {
        case .noDaemon, .denied, .broken: .cannotReach
        case .lockedWithoutSocket: .spoolUnavailable
        case .refused(let failure): failure.exitStatus
        }
    }
}
