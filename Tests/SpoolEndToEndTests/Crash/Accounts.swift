import SpoolReceiver
import Testing

/// What must be true of a spool whatever happened to its processes.
struct Accounts {
    let site: Site

    /// Ids are unique, ledger rows count what they speak for and no event twice, no watermark goes beyond what the
    /// ledger shows, and the file is whole.
    func check() async throws {
        #expect(
            try await site.query("PRAGMA integrity_check", as: Integrity.self) == [
                Integrity(integrity_check: "ok")
            ]
        )
        let doubles = try await site.number(
            "SELECT count(*) - count(DISTINCT stream_id || ' ' || external_id) FROM event"
        )
        #expect(doubles == 0)
        let wrongRows = try await site.number(
            """
            SELECT count(*) FROM ledger l WHERE events <> (SELECT count(*) FROM event e
                WHERE e.stream_id = l.stream_id AND e.seq BETWEEN l.first_seq AND l.last_seq)
            """
        )
        #expect(wrongRows == 0)
        // Each event up to the watermark stands in exactly one live row, none above it in any.
        let wrongEvents = try await site.number(
            """
            SELECT count(*) FROM event e JOIN subscription s ON s.stream_id = e.stream_id
            WHERE (SELECT count(*) FROM ledger l WHERE l.sink_id = s.sink_id AND l.stream_id = e.stream_id
                AND l.replay_id IS NULL AND e.seq BETWEEN l.first_seq AND l.last_seq) <> (e.seq <= s.watermark_seq)
            """
        )
        #expect(wrongEvents == 0)
    }

    /// The ids that the ledger calls delivered to a sink; with `doubtful` false only those beyond doubt.
    func settled(doubtful: Bool = true) async throws -> Set<String> {
        struct Row: Decodable { let id: String }
        let rows = try await site.query(
            """
            SELECT DISTINCT e.external_id AS id FROM deliveries d JOIN stream t ON t.name = d.stream
            JOIN event e ON e.stream_id = t.id AND e.seq BETWEEN d.first_seq AND d.last_seq
            WHERE d.outcome = 'delivered'\(doubtful ? "" : " AND NOT d.doubtful")
            """,
            as: Row.self
        )
        return Set(rows.map(\.id))
    }

    private struct Integrity: Decodable, Equatable { let integrity_check: String }
}
