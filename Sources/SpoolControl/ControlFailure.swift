import AsyncHTTPClient
import Foundation
import NIOCore
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

extension ControlFault {
    /// Translates an error of the HTTP client.
    init(_ error: any Error, socket: ControlSocket) {
        if let error = error as? IOError {
            self = Self.fault(errno: error.errnoCode, socket)
        } else if let error = error as? HTTPClientError, Self.isTimeout(error) {
            self = .broken(
                "the process on \(socket) did not answer in time; see its log and `spool status`"
            )
        } else if error is CancellationError {
            self = .broken("the request to \(socket) was cancelled")
        } else {
            self = .broken("the process on \(socket) closed the connection without an answer; see its log")
        }
    }

    private static func fault(errno code: Int32, _ socket: ControlSocket) -> ControlFault {
        switch code {
        case ENOENT, ENOTDIR, ECONNREFUSED:
            .noDaemon(
                "no spool daemon listens on \(socket); start it with `systemctl start spool` or `spool run`"
            )
        case EACCES, EPERM:
            .denied(
                "user id \(geteuid()) may not connect to \(socket); "
                    + "run this as the daemon's user, or join its group"
            )
        default:
            .broken("cannot communicate with the process on \(socket): \(String(cString: strerror(code)))")
        }
    }

    private static func isTimeout(_ error: HTTPClientError) -> Bool {
        [.connectTimeout, .deadlineExceeded, .readTimeout, .writeTimeout].contains(error)
    }
}

extension ControlSocket {
    /// The address of a route on this socket, in the form that async-http-client expects.
    func url(_ path: String) throws -> String {
        guard let url = URL(httpURLWithSocketPath: self.path, uri: path) else {
            throw HTTPClientError.invalidURL
        }
        return url.absoluteString
    }
}
