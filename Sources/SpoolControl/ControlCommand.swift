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
