import GRDB
import SpoolCore

/// The position of a subscription; it only grows, and only past events that the ledger covers.
enum Watermark {
    /// Moves a watermark; does nothing when the subscription no longer exists.
    ///
    /// - Throws: `.invalid` when events between the old and the new watermark have no outcome in `commit`:
    ///   they would never be sent, and nothing would report it.
    static func move(
        _ db: Database,
        _ subscription: SubscriptionID,
        to watermark: Seq,
        _ commit: DeliveryCommit
    ) throws {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: "SELECT stream_id, watermark_seq FROM subscription WHERE id = ? AND sink_id = ?"
            ),
            arguments: [subscription.value, commit.sink.value]
        )
        guard let row else { return }
        let (stream, before) = (StreamID(row[0]), row[1] as Int64)
        guard watermark.value > before else { return }
        let counts = Counts(commit.entries, of: stream, after: before, through: watermark.value)
        let passed = try count(db, stream, after: before, through: watermark.value)
        guard counts.total == passed else {
            throw StoreError(
                .invalid,
                "\(counts.total) of \(passed) events of stream \(stream) after \(before) up to \(watermark) "
                    + "have an outcome; the watermark of subscription \(subscription) was not moved."
            )
        }
        try db.cachedStatement(
            sql: """
                UPDATE subscription SET watermark_seq = ?, passed = passed + ?, delivered = delivered + ?,
                    filtered = filtered + ?, refused = refused + ?
                WHERE id = ?
                """
        ).execute(arguments: [
            watermark.value, passed, counts.there, counts.filtered, counts.refused, subscription.value,
        ])
    }

    private static func count(
        _ db: Database,
        _ stream: StreamID,
        after: Int64,
        through: Int64
    ) throws -> Int {
        let statement = try RawStatement(
            db,
            """
            SELECT count(*) FROM event INDEXED BY event_stream WHERE stream_id = ? AND seq > ? AND seq <= ?
            """
        )
        defer { statement.release() }
        statement.bind(stream.value, at: 1)
        statement.bind(after, at: 2)
        statement.bind(through, at: 3)
        return try statement.step() ? Int(statement.int(0)) : 0
    }

    /// The outcomes of a commit's live entries in a range.
    private struct Counts {
        var total = 0
        var there = 0
        var filtered = 0
        var refused = 0

        init(_ entries: [LedgerEntry], of stream: StreamID, after: Int64, through: Int64) {
            for entry in entries
            where entry.replay == nil && entry.stream == stream && entry.first.value > after
                && entry.last.value <= through
            {
                total += entry.events
                switch entry.outcome {
                case .delivered, .already: there += entry.events
                case .filtered: filtered += entry.events
                case .refused: refused += entry.events
                case .retry: break
                }
            }
        }
    }
}
