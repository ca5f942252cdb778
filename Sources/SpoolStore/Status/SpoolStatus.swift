package import SpoolCore

/// How everything is: what `spool status`, the status page and metrics are made of.
///
/// Counts are kept with every transaction, so that reading them costs the same whatever the spool holds.
package struct SpoolStatus: Sendable, Codable, Equatable {
    package struct Stream: Sendable, Codable, Equatable {
        package let id: StreamID
        package let name: StreamName
        package let kind: EventKind
        /// False once it has left the configuration; it is still drained.
        package let isConfigured: Bool
        /// `created`, `connected`, or the word of its trouble.
        package let state: String
        package let trouble: String?
        package let troubleSince: Timestamp?
        package let start: Timestamp?
        package let since: Timestamp?
        package let sweptTo: Timestamp?
        package let prunedTo: Timestamp?
        /// The source's own time in its last answer.
        package let sourceDate: Timestamp?
        /// Local time of the last page.
        package let lastSuccess: Timestamp?
        /// Up to here polls have read, by the source's clock.
        package let polledTo: Timestamp?
        /// The newest record's time.
        package let newest: Timestamp?
        /// Events ever spooled.
        package let inserted: Int
        /// Events in the spool now.
        package let kept: Int
        /// Events ever spooled that could not be understood.
        package let unreadable: Int

        /// Up to here everything has been read: an open scan leaves the cursor at its newest record, a poll goes on.
        package var readTo: Timestamp? { [since, polledTo].compactMap { $0 }.max() }
        /// True while it is read from a source; the spool's own notifications have none.
        package var isFetched: Bool { isConfigured && name != .notifications }
    }

    package struct Subscription: Sendable, Codable, Equatable {
        package let stream: StreamName
        /// `active`, `held` or `left`.
        package let state: String
        package let watermark: Seq
        /// Events that wait.
        package let waiting: Int
        /// The event that has waited longest: when it was spooled, and when it happened.
        package let oldestFetched: Timestamp?
        package let oldestOccurred: Timestamp?
        /// Events settled live as delivered or already there.
        package let delivered: Int
        package let filtered: Int
        package let refused: Int
        /// Events delivered by replays.
        package let replayed: Int
        /// Events retention took while the sink had left.
        package let lost: Int
    }

    package struct Sink: Sendable, Codable, Equatable {
        package let id: SinkID
        package let name: SinkName
        package let type: String
        package let state: SinkReport.State
        package let stateSince: Timestamp?
        /// Since when nothing could be settled, however often it connected; nil when it is well.
        package let troubleSince: Timestamp?
        /// Connections in a row cut before anything sent was settled; 0 below three.
        package let cuts: Int
        /// Why the ends of its connections suggest that the receiver does not read what it takes; nil when they do not.
        package var suspicion: String?
        package let lastSuccess: Timestamp?
        package let lastError: String?
        package let attempts: Int
        package let retryAt: Timestamp?
        /// Dead letters not dismissed.
        package let deadLetters: Int
        /// Messages ever sent shortened, replays included.
        package let shortened: Int
        package let subscriptions: [Subscription]

        /// Events that wait, over all its streams.
        package var waiting: Int { subscriptions.reduce(0) { $0 + $1.waiting } }
    }

    package struct Size: Sendable, Codable, Equatable {
        /// Bytes of the database, free pages included; the newest may be in the write-ahead log alone as yet.
        package let file: Int64
        /// Bytes of the write-ahead log.
        package let wal: Int64
        /// Bytes of pages that hold something: what counts against `retention.max_size`.
        package let inUse: Int64
        /// Bytes free on its disk.
        package let diskFree: Int64
        /// False while the reserve is given up.
        package let hasReserve: Bool
    }

    /// Records that trapped the process when they were read or rendered alone, and are left alone since.
    package struct Trap: Sendable, Codable, Equatable {
        package let step: CrashMark.Step
        /// The stream or sink.
        package let subject: String
        package let records: Int
        /// When the last of them trapped.
        package let at: Timestamp
    }

    package let traps: [Trap]
    package let streams: [Stream]
    package let sinks: [Sink]
    /// Newest first.
    package let replays: [Replay]
    /// Those that stand, newest first.
    package let notifications: [SpoolNotification]
    package let size: Size
    /// When the last audit that was done ended, local clock.
    package let lastAudit: Timestamp?
    /// When the spool was opened first, local clock.
    package let firstRun: Timestamp?
}
