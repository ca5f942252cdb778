package import SpoolCore

/// Collects settled batches for one transaction, with as few ledger rows as possible.
package struct CommitBuilder: Sendable {
    package private(set) var commit: DeliveryCommit
    private let connection: ConnectionID?
    private var positions: [Lane: (position: Seq, sent: Int)] = [:]
    /// The row to which the next run of a live lane may be added.
    private var open: [StreamID: Int] = [:]

    package init(sink: SinkID, connection: ConnectionID?, at: Timestamp) {
        commit = DeliveryCommit(sink: sink, at: at)
        self.connection = connection
    }

    /// The commit of a decision.
    ///
    /// - Parameters:
    ///   - decision: the outcomes.
    ///   - sink: the sink.
    ///   - connection: the connection of the events.
    ///   - now: the local time.
    ///   - rate: `DeliveryCommit.rate`.
    /// - Returns: the commit; empty when nothing is to be written.
    static func commit(
        of decision: SettleDecision,
        sink: SinkID,
        connection: ConnectionID?,
        at now: Timestamp,
        rate: Double? = nil
    ) -> DeliveryCommit {
        var builder = CommitBuilder(sink: sink, connection: connection, at: now)
        for lane in decision.lanes { builder.add(lane) }
        builder.commit.rate = rate
        return builder.commit
    }

    /// Adds a settled batch; batches must be added in the order of sending.
    package mutating func add(_ settled: SettledLane) {
        var delivered = 0
        for run in settled.runs {
            delivered += run.events
            append(run, of: settled)
        }
        switch settled.lane {
        case .live(let subscription):
            let before = commit.watermarks[subscription] ?? settled.through
            commit.watermarks[subscription] = max(before, settled.through)
        case .replay:
            let before = positions[settled.lane] ?? (settled.through, 0)
            positions[settled.lane] = (max(before.position, settled.through), before.sent + delivered)
            commit.replayPositions = positions.compactMap { lane, place in
                guard case .replay(let replay, let stream) = lane else { return nil }
                return ReplayPosition(
                    replay: replay,
                    stream: stream,
                    position: place.position,
                    sent: place.sent
                )
            }
        }
    }

    private mutating func append(_ run: SettledLane.Run, of settled: SettledLane) {
        var replay: ReplayID?
        if case .replay(let id, _) = settled.lane { replay = id }
        if replay == nil, let index = open[settled.stream], commit.entries[index].outcome == run.outcome,
            !run.outcome.isRefused, commit.entries[index].attempts == settled.attempts
        {
            // Consecutive live batches leave no gap in their stream, so the row still covers every event in
            // its range.
            commit.entries[index].last = run.last
            commit.entries[index].events += run.events
            commit.entries[index].bytes += run.bytes
            commit.entries[index].cut += run.cut
            commit.entries[index].position = settled.position
            return
        }
        var entry = LedgerEntry(
            stream: settled.stream,
            first: run.first,
            last: run.last,
            outcome: run.outcome,
            events: run.events,
            bytes: run.bytes,
            attempts: settled.attempts,
            sent: settled.sentAt,
            settled: commit.at
        )
        (entry.replay, entry.connection) = (replay, connection)
        (entry.cut, entry.position) = (run.cut, settled.position)
        commit.entries.append(entry)
        if replay == nil { open[settled.stream] = commit.entries.count - 1 }
    }
}

/// The result of evaluating settled batches: the outcomes to write, and the fault that ends the session, if
/// any.
package struct SettleDecision: Sendable {
    /// The outcomes to write, in the order of sending.
    package var lanes: [SettledLane] = []
    package var fault: SinkFault?

    package init(lanes: [SettledLane] = [], fault: SinkFault? = nil) {
        self.lanes = lanes
        self.fault = fault
    }

    /// True when at least one event has its final outcome.
    package var hasOutcomes: Bool { lanes.contains { !$0.runs.isEmpty } }

    /// True when at least one outcome comes from the receiver.
    var hasAnswers: Bool { lanes.contains(where: \.isAnswer) }
}
