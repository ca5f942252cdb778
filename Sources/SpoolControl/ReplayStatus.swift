package import SpoolCore

/// A replay as `/status` and `spool replay list --json` show it.
///
/// Unlike `Replay`, it contains the fields of the request directly, streams as names, and a refetch as the
/// sum of its parts. The error is that of the source until the window has been read, then that of the sink.
package struct ReplayStatus: Codable, Sendable, Equatable {
    package var id: Int64
    package var sink: String
    /// The address of an ad-hoc replay; nil for a configured sink.
    package var destination: String?
    package var streams: [String]
    package var from: Timestamp
    package var to: Timestamp
    package var basis: ReplayBasis
    package var missingOnly: Bool
    package var state: Replay.State
    package var total: Int
    package var sent: Int
    /// Events left out because the ledger showed them as delivered.
    package var skipped: Int
    /// The requested limit in events per second.
    package var rate: Int?
    /// The progress of reading its window from the source.
    package var refetch: RefetchStatus?
    /// The current error of its sink or of the source.
    package var trouble: String?
    /// Why it was cancelled, if no operator requested that.
    package var reason: String?
    package var created: Timestamp
    package var finished: Timestamp?

    /// Shows a replay of the spool.
    package init(_ replay: Replay) {
        id = replay.id.value
        sink = replay.sink.text
        streams = replay.streams.map(\.name.description)
        from = replay.request.from
        to = replay.request.to
        basis = replay.request.basis
        missingOnly = replay.request.missingOnly
        state = replay.state
        total = replay.total
        sent = replay.sent
        skipped = replay.skipped
        destination = replay.request.destination
        rate = replay.request.rate
        refetch = replay.refetch.map(RefetchStatus.init)
        trouble = replay.isRefetching ? replay.refetch?.trouble : replay.trouble
        reason = replay.reason
        created = replay.created
        finished = replay.finished
    }

    private enum CodingKeys: String, CodingKey {
        case id, sink, destination, streams, basis, state, total, sent, skipped, rate, refetch, trouble,
            reason
        case from = "from_ms"
        case to = "to_ms"
        case missingOnly = "missing_only"
        case created = "created_ms"
        case finished = "finished_ms"
    }
}

/// The progress of reading a replay's window from the source, over all its streams.
package struct RefetchStatus: Codable, Sendable, Equatable {
    /// True once everything was read.
    package var complete: Bool
    /// Records in the answers so far.
    package var seen: Int
    /// Of those, spooled as new: they are delivered to every sink.
    package var inserted: Int
    /// Of those, kept for this replay only: retention had deleted them.
    package var recovered: Int

    init(_ refetch: Refetch) {
        complete = refetch.isFixed
        seen = refetch.parts.reduce(0) { $0 + $1.seen }
        inserted = refetch.parts.reduce(0) { $0 + $1.inserted }
        recovered = refetch.parts.reduce(0) { $0 + $1.recovered }
    }
}
