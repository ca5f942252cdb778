package import SpoolCore

/// What a command asks of the process that holds the spool: `POST <path>` with this value as JSON.
///
/// The answer is `Answer` as JSON with status 200, or a `ControlFailure` with any other status. A new command is
/// one such type here and one route in the daemon.
package protocol ControlCommand: Codable, Sendable {
    associatedtype Answer: Codable & Sendable

    /// The route, beginning with `/control/`.
    static var path: String { get }

    /// Why this is no request that a command of this version makes, such as a time far outside of the calendar; nil when
    /// its values are within their bounds.
    ///
    /// The process that holds the spool refuses what has a problem, before anything is done with its numbers.
    var problem: String? { get }
}

extension ControlCommand {
    package var problem: String? { nil }
}

/// Asks who holds the spool.
package struct Identify: ControlCommand, Equatable {
    package typealias Answer = SpoolHolder
    package static let path = "/control/identify"

    package init() {}
}

/// Asks a command that holds the spool to stop and give it up; its unfinished job goes on in the daemon.
///
/// A daemon refuses.
package struct HandOver: ControlCommand, Equatable {
    package typealias Answer = SpoolHolder
    package static let path = "/control/hand-over"

    package init() {}
}

/// Asks what a replay would send, without making it.
package struct EstimateReplay: ControlCommand, Equatable {
    package typealias Answer = ReplayEstimate
    package static let path = "/control/replay/estimate"

    package let request: ReplayRequest

    package init(_ request: ReplayRequest) { self.request = request }
}

/// Makes a replay; it is durable when the answer comes, and the delivery loop has been told.
package struct CreateReplay: ControlCommand, Equatable {
    package typealias Answer = Replay
    package static let path = "/control/replay/create"

    package let request: ReplayRequest

    package init(_ request: ReplayRequest) { self.request = request }
}

/// Asks for the replays of one sink, or of all, newest first.
package struct ListReplays: ControlCommand, Equatable {
    package typealias Answer = [Replay]
    package static let path = "/control/replay/list"

    package let sink: SinkName?

    package init(sink: SinkName? = nil) { self.sink = sink }
}

/// Pauses, resumes or cancels a replay; one that has ended stays as it is and is refused.
package struct MoveReplay: ControlCommand, Equatable {
    package typealias Answer = Replay
    package static let path = "/control/replay/move"

    /// What becomes of it.
    package enum Move: String, Codable, Sendable, CaseIterable {
        case pause, resume, cancel

        /// The state it leads to.
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

/// Removes a replay that has ended from the list, with all that belongs to it alone.
package struct RemoveReplay: ControlCommand, Equatable {
    package typealias Answer = Replay
    package static let path = "/control/replay/remove"

    package let replay: ReplayID

    package init(_ replay: ReplayID) { self.replay = replay }
}
