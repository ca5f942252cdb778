import AsyncHTTPClient
import Foundation
import NIOCore

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
