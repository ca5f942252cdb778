import Foundation
package import SpoolCore

/// A request to the process that holds the spool: `POST <path>` with this value as JSON.
///
/// The answer is `Answer` as JSON with status 200, or a `ControlFailure` with any other status. A new command
/// is one such type here and one route in the daemon.
package protocol ControlCommand: Codable, Sendable {
    associatedtype Answer: Codable & Sendable

    /// The route, beginning with `/control/`.
    static var path: String { get }

    /// Why the request is invalid, for example because of a time outside the calendar; nil when all values
    /// are within their limits.
    ///
    /// The process that holds the spool refuses a request with a problem before it uses any of its numbers.
    var problem: String? { get }
}

extension ControlCommand {
    package var problem: String? { nil }
}

/// Asks which process holds the spool.
package struct Identify: ControlCommand, Equatable {
    package typealias Answer = SpoolHolder
    package static let path = "/control/identify"

    package init() {}
}

/// Asks a command that holds the spool to stop and release it; the daemon continues its unfinished replay.
///
/// A daemon refuses.
package struct HandOver: ControlCommand, Equatable {
    package typealias Answer = SpoolHolder
    package static let path = "/control/hand-over"

    package init() {}
}

/// Asks what a replay would send, without creating it.
package struct EstimateReplay: ControlCommand, Equatable {
    package typealias Answer = ReplayEstimate
    package static let path = "/control/replay/estimate"

    package let request: ReplayRequest

    package init(_ request: ReplayRequest) { self.request = request }
}

/// Creates a replay; when the answer arrives, it is durable and the delivery loop has been notified.
package struct CreateReplay: ControlCommand, Equatable {
    package typealias Answer = Replay
    package static let path = "/control/replay/create"

    package let request: ReplayRequest

    package init(_ request: ReplayRequest) { self.request = request }
}

/// Lists the replays of one sink, or of all sinks, newest first.
package struct ListReplays: ControlCommand, Equatable {
    package typealias Answer = [Replay]
    package static let path = "/control/replay/list"

    package let sink: SinkName?

    package init(sink: SinkName? = nil) { self.sink = sink }
}

/// Pauses, resumes or cancels a replay; a replay that has ended is left as it is, and the request is refused.
package struct MoveReplay: ControlCommand, Equatable {
    package typealias Answer = Replay
    package static let path = "/control/replay/move"

    /// The requested change.
    package enum Move: String, Codable, Sendable, CaseIterable {
        case pause, resume, cancel

        /// The resulting state.
        package var state: Replay.State {
            switch self {
            case .pause: .paused
            case .resume: .running
            case .cancel: .cancelled
            }
        }
    }

    package let replay: ReplayID
    package let move: Move

    package init(_ replay: ReplayID, _ move: Move) {
        self.replay = replay
        self.move = move
    }
}

/// Removes a replay that has ended from the list, with everything that belongs only to it.
package struct RemoveReplay: ControlCommand, Equatable {
    package typealias Answer = Replay
    package static let path = "/control/replay/remove"

    package let replay: ReplayID

    package init(_ replay: ReplayID) { self.replay = replay }
}

/// Encoding of values on the socket: JSON, with times in integer milliseconds.
package enum ControlCoding {
    /// The maximum size of an answer in bytes.
    package static let limit = 16 << 20
    /// The maximum size of a request in bytes.
    package static let requestLimit = 8 << 20

    /// The value's JSON; keys sorted, so that equal values have equal bytes.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// The value of a JSON text.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

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
