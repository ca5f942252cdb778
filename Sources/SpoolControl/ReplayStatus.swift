package import SpoolCore

/// A replay as `/status` and `spool replay list --json` show it.
package struct ReplayStatus: Codable, Sendable, Equatable {
    package var id: Int64
    package var sink: String
    package var streams: [String]
    package var from: Timestamp
    package var to: Timestamp
    package var basis: ReplayBasis
    package var missingOnly: Bool
    package var state: Replay.State
    package var total: Int
    package var sent: Int
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
        created = replay.created
        finished = replay.finished
    }

    private enum CodingKeys: String, CodingKey {
        case id, sink, streams, basis, state, total, sent
        case from = "from_ms"
        case to = "to_ms"
        case missingOnly = "missing_only"
        case created = "created_ms"
        case finished = "finished_ms"
    }
}
