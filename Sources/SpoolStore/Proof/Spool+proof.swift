import GRDB
package import SpoolCore

/// The time range of a stream that can be proved.
package struct ProofBounds: Sendable, Equatable {
    /// Nil before the source's first response.
    package let start: Timestamp?
    /// Everything before has been read by polls, and by the sweeps that follow them.
    package let sweptTo: Timestamp?
    /// Older events may have been deleted by retention.
    package let prunedTo: Timestamp?
    /// From here on the ids of deleted events are kept; nil while no event was deleted without keeping its
    /// id.
    package let prunedIDsFrom: Timestamp?
    package let sweepEnded: Timestamp?
}

extension Spool {
    /// The time range of a stream that can be proved now.
    package func proofBounds(of stream: StreamID) async throws(StoreError) -> ProofBounds {
        try await read { db in
            let progress = try StreamRow.progress(db, stream)
            let pruned = try Row.fetchOne(
                db,
                sql: "SELECT pruned_to_ms, pruned_ids_from_ms FROM stream WHERE id = ?",
                arguments: [stream.value]
            )
            // While a stream catches up after its start, sweeps are ahead of its polls.
            let polledTo = Timestamp(
                try Int64.fetchOne(
                    db,
                    sql: """
                        SELECT max(to_ms) FROM fetch_window
                        WHERE stream_id = ? AND reason = 'poll' AND state IN ('complete', 'unproved')
                        """,
                    arguments: [stream.value]
                )
            )
            return ProofBounds(
                start: progress.start,
                sweptTo: polledTo.flatMap { polled in progress.sweptTo.map { min($0, polled) } },
                prunedTo: Timestamp(pruned?[0] as Int64?),
                prunedIDsFrom: Timestamp(pruned?[1] as Int64?),
                sweepEnded: progress.sweepEnded
            )
        }
    }

    /// The sinks that subscribe to a stream, sorted by name.
    package func proofTargets(of stream: StreamID) async throws(StoreError) -> [ProofTarget] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT k.id, k.name FROM subscription s JOIN sink k ON k.id = s.sink_id
                    WHERE s.stream_id = ? AND s.state <> 'left' ORDER BY k.name
                    """,
                arguments: [stream.value]
            )
            .map { ProofTarget(sink: SinkID($0[0]), name: SinkName($0[1])) }
        }
    }

    /// The next slice of a window, on the stream's basis.
    package func proofSlice(
        of stream: StreamID,
        at place: ProofSlice.Place,
        to: Timestamp,
        _ targets: [ProofTarget]
    ) async throws(StoreError) -> ProofSlice {
        try await read { try ProofSlice($0, stream, at: place, to: to, targets) }
    }

    /// The delivery states of these events at a sink now, nil for events that retention has deleted; at most
    /// a few thousand per call.
    package func standings(of seqs: [Seq], at sink: SinkID, _ stream: StreamID) async throws(StoreError)
        -> [DeliveryStanding?]
    {
        try await read { db in
            let kept = Set(try Requeue.kept(db, seqs))
            let standings = try ProofSlice.standings(db, of: seqs.map(\.value), sink, stream)
            return zip(seqs, standings).map { kept.contains($0) ? $1 : nil }
        }
    }

    /// The next ids that retention has deleted from a stream at or after a time, in the order of deletion.
    package func prunedIDs(of stream: StreamID, from: Timestamp, after row: Int64) async throws(StoreError)
        -> [PrunedSlice]
    {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, sink_id, ids, lost FROM pruned WHERE stream_id = ? AND to_ms >= ? AND id > ?
                    ORDER BY id LIMIT 200
                    """,
                arguments: [stream.value, from.milliseconds, row]
            )
            .map { row in
                PrunedSlice(
                    row: row[0],
                    sink: (row[1] as Int64?).map { SinkID($0) },
                    isLost: row[3],
                    hashes: PrunedIDs.split(row[2])
                )
            }
        }
    }

    /// Those of these ids that the spool has; at most a few thousand per call.
    package func known(_ ids: [String], of stream: StreamID) async throws(StoreError) -> Set<String> {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT 1 FROM event WHERE stream_id = ? AND external_id = ?"
            )
            return Set(
                try ids.filter { try Int.fetchOne(statement, arguments: [stream.value, $0]) != nil }
            )
        }
    }

    /// Those of these ids that the spool has, with their delivery states; at most a few thousand per call.
    package func proofRows(of ids: [String], _ stream: StreamID, _ targets: [ProofTarget])
        async throws(StoreError) -> [ProofSlice.Row]
    {
        try await read { try ProofSlice.rows($0, ids, of: stream, targets) }
    }

    /// Begins a proof; it is stored from then on.
    package func beginProof(
        _ request: VerifyRequest,
        reason: Proof.Reason,
        version: String,
        at now: Timestamp
    ) async throws(StoreError) -> Proof {
        try await write { db in
            var proof = Proof(
                id: 0,
                reason: reason,
                request: request,
                state: .running,
                version: version,
                started: now
            )
            proof.id = try ProofRows.insert(db, proof)
            return proof
        }
    }

    /// Stores what a proof has found so far, with the ids of missing events of one stream.
    ///
    /// At most `ProofRows.most` ids are kept per stream, sink and cause; the counts are complete.
    package func save(_ proof: Proof, missing: [MissingEvent] = []) async throws(StoreError) {
        try await write { db in
            try ProofRows.update(db, proof)
            try ProofRows.add(db, missing, to: proof.id)
        }
    }

    /// The proof with this id; nil when there is none.
    package func proof(_ id: Int64) async throws(StoreError) -> Proof? {
        try await read { try ProofRows.fetch($0, "id = ?", [id]).first }
    }

    /// The last proof that completed, for one reason or for any.
    ///
    /// Ordered by id: a clock may once have been ahead.
    package func lastProof(_ reason: Proof.Reason? = nil) async throws(StoreError) -> Proof? {
        try await read { db in
            try ProofRows.fetch(
                db,
                "state = 'done' AND (?1 IS NULL OR reason = ?1) ORDER BY id DESC LIMIT 1",
                [reason?.rawValue]
            ).first
        }
    }

    /// Audits that found missing events, as long as no later proof has covered what they found.
    package func openFindings() async throws(StoreError) -> [Proof] {
        try await read { try ProofRows.fetch($0, "is_open = 1 ORDER BY id", []) }
    }

    /// Opens the finding of an audit, and closes those that a proof has covered.
    package func moveFindings(opened: Int64?, closed: [Int64]) async throws(StoreError) {
        guard opened != nil || !closed.isEmpty else { return }
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE proof SET is_open = id IS ?1
                    WHERE id IS ?1 OR id IN (SELECT value FROM json_each(?2))
                    """,
                arguments: [opened, try JSONColumn.text(closed)]
            )
        }
    }

    /// When the last audit began, regardless of its result; audits that were stopped do not count.
    ///
    /// A start after `now` is corrected to now and stored: the clock was wrong at that time, and audits would
    /// otherwise wait until then.
    package func lastAuditBegan(at now: Timestamp) async throws(StoreError) -> Timestamp? {
        let isAhead = try await read { db in
            try Bool.fetchOne(
                db,
                sql: "SELECT EXISTS (SELECT 1 FROM proof WHERE reason = 'audit' AND started_ms > ?)",
                arguments: [now.milliseconds]
            ) ?? false
        }
        if isAhead {
            try await write { db in
                try db.execute(
                    sql: """
                        UPDATE proof SET started_ms = ?1, finished_ms = min(finished_ms, ?1)
                        WHERE reason = 'audit' AND started_ms > ?1
                        """,
                    arguments: [now.milliseconds]
                )
            }
        }
        return try await read { db in
            Timestamp(
                try Int64.fetchOne(
                    db,
                    sql: "SELECT max(started_ms) FROM proof WHERE reason = 'audit' AND state <> 'stopped'"
                )
            )
        }
    }

    /// When the first audit after the last completed one began; nil when there is none.
    package func auditsInVainSince() async throws(StoreError) -> Timestamp? {
        let review = openReview
        return try await read { db in
            Timestamp(
                try Int64.fetchOne(
                    db,
                    sql: """
                        SELECT min(started_ms) FROM proof WHERE reason = 'audit' AND id > coalesce(
                            (SELECT max(id) FROM proof WHERE reason = 'audit' AND state = 'done'), 0)
                        """
                )
            )
            .map { review?.aged($0) ?? $0 }
        }
    }

    /// The ids of events that a proof found missing.
    package func missing(of proof: Int64) async throws(StoreError) -> [MissingEvent] {
        try await read { try ProofRows.missing($0, proof) }
    }

    /// Marks proofs that the previous process did not finish as stopped.
    ///
    /// - Returns: these proofs, as stored now.
    @discardableResult
    package func stopLeftProofs(at now: Timestamp) async throws(StoreError) -> [Proof] {
        try await write { db in
            try ProofRows.fetch(db, "state = 'running'", []).map { left in
                var proof = left
                proof.endLeft(at: now)
                try ProofRows.update(db, proof)
                return proof
            }
        }
    }
}
