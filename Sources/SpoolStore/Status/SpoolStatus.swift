package import SpoolCore

/// The current status: the data of `spool status`, the status page and the metrics.
///
/// Counts are maintained by every transaction, so that the cost of reading them does not depend on the size
/// of the spool. `StatusReport` is its public form as JSON.
package struct SpoolStatus: Sendable, Equatable {
    package struct Stream: Sendable, Equatable {
        package let id: StreamID
        package let name: StreamName
        package let kind: EventKind
        /// False once it is no longer configured; it is still drained.
        package let isConfigured: Bool
        /// `created`, `connected`, or the state of its current error.
        package let state: String
        package let trouble: String?
        package let troubleSince: Timestamp?
        package let start: Timestamp?
        package let since: Timestamp?
        package let sweptTo: Timestamp?
        package let prunedTo: Timestamp?
        /// The source's own time in its last response.
        package let sourceDate: Timestamp?
        /// Local time of the last page.
        package let lastSuccess: Timestamp?
        /// Polls have read up to here, by the source's clock.
        package let polledTo: Timestamp?
        /// The newest record's time.
        package let newest: Timestamp?
        /// Events ever spooled.
        package let inserted: Int
        /// Events in the spool now.
        package let kept: Int
        /// Events ever spooled that could not be parsed.
        package let unreadable: Int

        /// Everything has been read up to here: the cursor or the end of the last complete poll, whichever is
        /// later.
        package var readTo: Timestamp? { [since, polledTo].compactMap { $0 }.max() }
        /// True while it is fetched from a source; the spool's own notifications are not.
        package var isFetched: Bool { isConfigured && name != .notifications }
    }

    package struct Subscription: Sendable, Equatable {
        package let stream: StreamName
        /// `active`, `held` or `left`.
        package let state: String
        package let watermark: Seq
        /// Events that are not settled yet.
        package let waiting: Int
        /// The oldest pending event: when it was spooled, and when it occurred.
        package let oldestFetched: Timestamp?
        package let oldestOccurred: Timestamp?
        /// Events settled live as delivered or already present.
        package let delivered: Int
        package let filtered: Int
        package let refused: Int
        /// Events delivered by replays.
        package let replayed: Int
        /// Events that retention deleted while the sink was not configured.
        package let lost: Int
    }

    package struct Sink: Sendable, Equatable {
        package let id: SinkID
        package let name: SinkName
        package let type: String
        package let state: SinkReport.State
        package let stateSince: Timestamp?
        /// Since when nothing could be settled, even if it connected meanwhile; nil when there is no problem.
        package let troubleSince: Timestamp?
        /// Consecutive connections that ended before anything was settled; 0 below three.
        package let cuts: Int
        /// Why the ends of its connections suggest that the receiver does not read what its kernel accepts;
        /// nil when they do not.
        package var suspicion: String?
        package let lastSuccess: Timestamp?
        package let lastError: String?
        package let attempts: Int
        package let retryAt: Timestamp?
        /// Dead letters not dismissed.
        package let deadLetters: Int
        /// Messages ever shortened for sending, including those of replays.
        package let shortened: Int
        package let subscriptions: [Subscription]

        /// Pending events of all its streams.
        package var waiting: Int { subscriptions.reduce(0) { $0 + $1.waiting } }
    }

    package struct Size: Sendable, Equatable {
        /// Bytes of the database, including free pages; the newest pages may still be only in the write-ahead
        /// log.
        package let file: Int64
        /// Bytes of the write-ahead log.
        package let wal: Int64
        /// Bytes of pages in use, which count against `retention.max_size`.
        package let inUse: Int64
        /// Bytes free on its disk.
        package let diskFree: Int64
        /// False while the reserve is released.
        package let hasReserve: Bool
    }

    /// Poison records: records that crashed the process when they were parsed or rendered individually, and
    /// are skipped since.
    package struct Trap: Sendable, Equatable {
        package let step: PoisonMark.Step
        /// The stream or sink.
        package let subject: String
        package let records: Int
        /// When the last of them crashed the process.
        package let at: Timestamp
    }

    package let traps: [Trap]
    package let streams: [Stream]
    package let sinks: [Sink]
    /// Newest first.
    package let replays: [Replay]
    /// Active notifications, newest first.
    package let notifications: [SpoolNotification]
    package let size: Size
    /// When the last completed audit ended, local clock.
    package let lastAudit: Timestamp?
    /// When the spool was first opened, local clock.
    package let firstRun: Timestamp?
}
