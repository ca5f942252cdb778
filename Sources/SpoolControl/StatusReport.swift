package import SpoolCore

/// The response of `/status` and the output of `spool status --json`.
///
/// A public interface: keys are in snake case, times are milliseconds UTC under keys that end in `_ms`.
package struct StatusReport: Codable, Sendable, Equatable {
    /// The route, on the socket and on the status address.
    package static let path = "/status"

    package var version: String
    /// The process that holds the spool for writing, as `123 (spool run)`; nil when there is none.
    package var holder: String?
    package var at: Timestamp
    package var spool: SpoolFileStatus
    package var streams: [StreamStatus]
    package var sinks: [SinkStatus]
    package var replays: [ReplayStatus]
    /// Active ones, newest first.
    package var notifications: [SpoolNotification]
    /// The last comparison of source, spool and ledger that the daemon made on its own; nil before the first.
    package var audit: ProofStatus?
    /// The last comparison that an operator requested, if it is newer than the audit.
    package var proof: ProofStatus?
    /// Set when no daemon is running: all states are then those that the last one stored.
    ///
    /// Nil while a daemon is running.
    package var stopped: StoppedDaemon?
    /// The last reload of the running daemon, if it was rejected: the daemon uses its previous configuration.
    package var reloadRefused: RefusedReload?

    package init(version: String, holder: String?, at: Timestamp, spool: SpoolFileStatus) {
        self.version = version
        self.holder = holder
        self.at = at
        self.spool = spool
        streams = []
        sinks = []
        replays = []
        notifications = []
    }

    private enum CodingKeys: String, CodingKey {
        case version, holder, spool, streams, sinks, replays, notifications, audit, proof, stopped
        case at = "at_ms"
        case reloadRefused = "reload_refused"
    }

    /// The streams that are read from a source: all except the spool's own notifications.
    package var fetchedStreams: [StreamStatus] {
        streams.filter { $0.name != StreamName.notifications.description }
    }
}

/// Since when no daemon has been running.
package struct StoppedDaemon: Codable, Sendable, Equatable {
    /// When the last daemon stopped, or was last seen; nil when no daemon has ever opened the spool.
    package var since: Timestamp?
    /// False when the last daemon did not close the spool: it was killed, or the power failed.
    package var isClean: Bool

    package init(since: Timestamp?, isClean: Bool) {
        self.since = since
        self.isClean = isClean
    }

    private enum CodingKeys: String, CodingKey {
        case since = "since_ms"
        case isClean = "clean"
    }
}

/// A rejected reload: the daemon does not use the configuration in the file.
package struct RefusedReload: Codable, Sendable, Equatable {
    /// When, by the daemon's clock.
    package var at: Timestamp
    /// Why: the first mistake, with its position in the file.
    package var cause: String

    package init(at: Timestamp, cause: String) {
        self.at = at
        self.cause = cause
    }

    private enum CodingKeys: String, CodingKey {
        case cause
        case at = "at_ms"
    }
}

/// The spool's file, its size and its limits.
package struct SpoolFileStatus: Codable, Sendable, Equatable {
    package var path: String
    package var events: Int
    /// Bytes of pages in use.
    package var used: Int64
    /// `spool.retention.max_size`.
    package var limit: Int64
    /// Bytes of the write-ahead log.
    package var wal: Int64
    /// Bytes free on its file system.
    package var free: Int64
    /// Why fetching is paused; nil while it is running.
    package var paused: String?

    package init(
        path: String,
        events: Int,
        used: Int64,
        limit: Int64,
        wal: Int64,
        free: Int64,
        paused: String? = nil
    ) {
        self.path = path
        self.events = events
        self.used = used
        self.limit = limit
        self.wal = wal
        self.free = free
        self.paused = paused
    }

    private enum CodingKeys: String, CodingKey {
        case path, events, paused
        case used = "used_bytes"
        case limit = "limit_bytes"
        case wal = "wal_bytes"
        case free = "free_bytes"
    }
}

/// A stream and its fetch progress.
///
/// The stored `SpoolStatus.Stream` has ids and counters that are not part of the public interface, and does
/// not contain what the report computes: events per minute, sinks and gaps.
package struct StreamStatus: Codable, Sendable, Equatable {
    package var name: String
    package var kind: String
    /// A fixed word: `created` before the first answer, then `connected`, or the word of its error, such as
    /// `unreachable` or `invalid token`.
    package var state: String
    package var error: String?
    package var errorSince: Timestamp?
    package var start: Timestamp?
    /// The cursor; an open scan leaves it at the scan's newest record.
    package var since: Timestamp?
    /// Everything before this time has been read; a poll that found nothing newer advances it, too.
    package var readTo: Timestamp?
    /// The time where sweeps continue; ahead of polls at the first start.
    package var sweptTo: Timestamp?
    package var newest: Timestamp?
    package var lastSuccess: Timestamp?
    /// Events spooled over the last minute.
    package var perMinute: Int
    /// How many sinks receive it; nil from a daemon of an earlier version.
    package var sinks: Int?
    /// Time ranges that were not read, were read late within the last day, or were never proved to be read.
    package var gaps: [GapStatus] = []

    package init(name: String, kind: String, state: String, perMinute: Int = 0) {
        self.name = name
        self.kind = kind
        self.state = state
        self.perMinute = perMinute
    }

    /// Everything before this time has been read a second time.
    package var readTwiceTo: Timestamp? {
        guard let readTo, let sweptTo else { return nil }
        return min(sweptTo, readTo)
    }

    private enum CodingKeys: String, CodingKey {
        case name, kind, state, error, gaps, sinks
        case errorSince = "error_since_ms"
        case start = "start_ms"
        case since = "since_ms"
        case readTo = "read_to_ms"
        case sweptTo = "swept_to_ms"
        case newest = "newest_ms"
        case lastSuccess = "last_success_ms"
        case perMinute = "per_minute"
    }
}

/// A sink and its backlog.
///
/// The stored `SpoolStatus.Sink` has its backlog by stream, a different state, and no address, which is in
/// the configuration.
package struct SinkStatus: Codable, Sendable, Equatable {
    package var name: String
    package var type: String
    package var address: String
    /// The retired agent's words: `created`, `connected`, `connection error`, `disconnected`, `disabled`; or
    /// `held`; or `doubtful`: connected, but its connections do not prove that the receiver reads what its
    /// kernel accepts.
    package var state: String
    /// Events not settled yet.
    package var backlog: Int
    /// When the oldest of them occurred.
    package var oldest: Timestamp?
    package var deadLetters: Int
    /// Messages ever shortened for sending, including those of replays; nil from a daemon of an earlier
    /// version.
    package var shortened: Int?
    package var lastSuccess: Timestamp?
    package var error: String?
    /// Failed attempts since the last success.
    package var attempts: Int
    package var retryAt: Timestamp?
    /// Since when nothing could be settled; nil when the sink works.
    package var troubleSince: Timestamp?
    /// Events settled over the last minute.
    package var perMinute: Int

    package init(name: String, type: String, address: String, state: String, backlog: Int = 0) {
        self.name = name
        self.type = type
        self.address = address
        self.state = state
        self.backlog = backlog
        deadLetters = 0
        attempts = 0
        perMinute = 0
    }

    private enum CodingKeys: String, CodingKey {
        case name, type, address, state, backlog, shortened, error, attempts
        case oldest = "oldest_ms"
        case deadLetters = "dead_letters"
        case lastSuccess = "last_success_ms"
        case retryAt = "retry_at_ms"
        case troubleSince = "trouble_since_ms"
        case perMinute = "per_minute"
    }
}

/// A time range of a stream that was not read, or whose events a sink lost.
package struct GapStatus: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// It was due and was not read: source, host or disk were down. It is filled automatically.
        case unread
        /// No window that was read with the current filters covers it.
        case unproved
        /// Retention deleted its events before a sink that was no longer configured was added again.
        case lost
    }

    package var kind: Kind
    package var from: Timestamp
    /// Nil while the source does not answer.
    package var to: Timestamp?
    /// When it was noticed.
    package var noticed: Timestamp?
    /// When all of it had been read; nil before that.
    package var healed: Timestamp?
    /// The sink that lost events.
    package var sink: String?
    /// How many it lost.
    package var events: Int?

    package init(_ kind: Kind, from: Timestamp, to: Timestamp?) {
        self.kind = kind
        self.from = from
        self.to = to
    }

    private enum CodingKeys: String, CodingKey {
        case kind, sink, events
        case from = "from_ms"
        case to = "to_ms"
        case noticed = "noticed_ms"
        case healed = "healed_ms"
    }
}
