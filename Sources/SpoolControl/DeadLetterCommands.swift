package import SpoolCore

/// Resends dead letters of a sink, as a replay of exactly these events; dismissed ones are reinstated.
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

/// Dismisses dead letters of a sink; the answer is how many of them were not dismissed before.
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
