package import SpoolCore

/// Sends dead letters of a sink again, as a replay of exactly these events; dismissed ones are taken up again.
package struct RequeueDeadLetters: ControlCommand, Equatable {
    package typealias Answer = Replay
    package static let path = "/control/dead/requeue"

    package let sink: SinkName
    package let events: [Seq]

    package init(_ events: [Seq], of sink: SinkName) {
        self.sink = sink
        self.events = events
    }
}

/// Gives dead letters of a sink up; the answer is how many were given up by this.
package struct DismissDeadLetters: ControlCommand, Equatable {
    package typealias Answer = Int
    package static let path = "/control/dead/dismiss"

    package let sink: SinkName
    package let events: [Seq]

    package init(_ events: [Seq], of sink: SinkName) {
        self.sink = sink
        self.events = events
    }
}
