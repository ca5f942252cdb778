package import SpoolCore

/// Runs retention now, or reports what it would delete.
package struct PruneNow: ControlCommand, Equatable {
    package typealias Answer = PruneAnswer
    package static let path = "/control/prune"

    /// Deletes nothing.
    package let isDryRun: Bool

    package init(isDryRun: Bool) { self.isDryRun = isDryRun }
}

/// What retention did, or would do.
package struct PruneAnswer: Codable, Sendable, Equatable {
    /// One stream's part.
    package struct Stream: Codable, Sendable, Equatable {
        package let name: StreamName
        /// Events deleted, or to be deleted because of their age.
        package let events: Int
        /// True when its source has not reported its time: retention then skips the stream.
        package let isWithoutTime: Bool

        package init(name: StreamName, events: Int, isWithoutTime: Bool) {
            self.name = name
            self.events = events
            self.isWithoutTime = isWithoutTime
        }

        private enum CodingKeys: String, CodingKey {
            case name, events
            case isWithoutTime = "without_time"
        }
    }

    package let isDryRun: Bool
    package let age: Int64
    package let streams: [Stream]
    /// How many of the events will be missing at a sink that is no longer configured, if it is added again.
    package let lost: Int
    /// Bytes of pages in use afterwards.
    package let bytesInUse: Int64

    /// `age` is `retention.age`.
    package init(isDryRun: Bool, age: Duration, streams: [Stream], lost: Int, bytesInUse: Int64) {
        self.isDryRun = isDryRun
        self.age = age.milliseconds
        self.streams = streams
        self.lost = lost
        self.bytesInUse = bytesInUse
    }

    /// The total over all streams.
    package var events: Int { streams.reduce(0) { $0 + $1.events } }

    private enum CodingKeys: String, CodingKey {
        case streams, lost
        case isDryRun = "dry_run"
        case age = "age_ms"
        case bytesInUse = "bytes_in_use"
    }
}

/// Forgets a sink or a stream that is no longer configured.
package struct Forget: ControlCommand, Equatable {
    package typealias Answer = ForgetReport
    package static let path = "/control/forget"

    package let name: String

    package init(_ name: String) { self.name = name }
}

/// Makes a complete, verified copy of the spool, written by the process that holds it.
package struct BackUp: ControlCommand, Equatable {
    package typealias Answer = BackupReport
    package static let path = "/control/backup"

    /// An absolute path.
    package let file: String

    package init(to file: String) { self.file = file }
}

/// Asks for the progress of a backup.
package struct ShowBackup: ControlCommand, Equatable {
    package static let path = "/control/backup/progress"

    /// Nil while no backup is running.
    package struct Answer: Codable, Sendable, Equatable {
        package let progress: BackupProgress?

        package init(_ progress: BackupProgress?) { self.progress = progress }
    }

    package init() {}
}

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

/// Makes one sink, or all sinks and sources, try again immediately instead of waiting for the next attempt.
package struct RetryNow: ControlCommand, Equatable {
    package static let path = "/control/retry"

    /// The sinks and sources that were asked.
    package struct Answer: Codable, Sendable, Equatable {
        package let sinks: [Part]
        package let sources: [Part]

        package init(sinks: [Part], sources: [Part]) {
            self.sinks = sinks
            self.sources = sources
        }
    }

    /// A sink or source that was asked to try now.
    package struct Part: Codable, Sendable, Equatable {
        package let name: String
        /// False when it was not waiting for a retry: it works, or an attempt was in progress.
        package let wasWaiting: Bool

        package init(name: String, wasWaiting: Bool) {
            self.name = name
            self.wasWaiting = wasWaiting
        }

        private enum CodingKeys: String, CodingKey {
            case name
            case wasWaiting = "was_waiting"
        }
    }

    /// Nil: all sinks and sources.
    package let sink: SinkName?

    package init(sink: SinkName? = nil) { self.sink = sink }
}
