import SpoolReceiver
import Testing

/// Invariants of a spool, whatever happened to its processes.
struct Accounts {
    let site: Site

    /// Checks that ids are unique, ledger rows count their events and cover no event twice, no watermark
    /// exceeds the ledger, and the file is intact.
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
        // Each event up to the watermark is in exactly one live row, and no later event is in any.
        let wrongEvents = try await site.number(
            """
            SELECT count(*) FROM event e JOIN subscription s ON s.stream_id = e.stream_id
            WHERE (SELECT count(*) FROM ledger l WHERE l.sink_id = s.sink_id AND l.stream_id = e.stream_id
                AND l.replay_id IS NULL AND e.seq BETWEEN l.first_seq AND l.last_seq)
                <> (e.seq <= s.watermark_seq)
            """
        )
        #expect(wrongEvents == 0)
    }

    /// Checks that each stream's cursor is proved by its windows: complete windows from its start to `since`,
    /// no position ahead of the source's clock, no abandoned scan, and correct counters.
    func checkCursors() async throws {
        let begun = try await site.number("SELECT count(*) FROM stream WHERE start_ms IS NOT NULL")
        #expect(begun == 2)
        let split = try await site.number(
            """
            SELECT count(*) FROM stream WHERE since_ms IS NOT json_extract(cursor, '$.since')
                OR start_ms > since_ms OR since_ms > source_ms
                OR start_ms > swept_to_ms OR swept_to_ms > source_ms
            """
        )
        #expect(split == 0)
        let unproved = try await site.number(
            """
            SELECT count(*) FROM gaps g JOIN stream t ON t.name = g.stream
            WHERE g.kind = 'fetch' AND g.from_ms < t.since_ms
            """
        )
        #expect(unproved == 0)
        let forgotten = try await site.number(
            """
            SELECT count(*) FROM fetch_window w JOIN stream t ON t.id = w.stream_id
            WHERE w.state = 'running' AND w.id IS NOT json_extract(t.cursor, '$.scan.window')
                AND w.id IS NOT json_extract(t.sweep, '$.window')
            """
        )
        #expect(forgotten == 0)
        let lost = try await site.number(
            """
            SELECT count(*) FROM (
                SELECT id AS stream, json_extract(cursor, '$.scan.window') AS named FROM stream
                UNION ALL SELECT id, json_extract(sweep, '$.window') FROM stream
            ) WHERE named IS NOT NULL
                AND named NOT IN (
                    SELECT w.id FROM fetch_window w WHERE w.stream_id = stream AND w.state = 'running')
            """
        )
        #expect(lost == 0)
        let miscounted = try await site.number(
            """
            SELECT count(*) FROM stream t
            WHERE inserted <> (SELECT count(*) FROM event e WHERE e.stream_id = t.id)
                OR kept <> inserted OR skipped <> 0
                OR inserted <> (
                    SELECT coalesce(sum(w.inserted), 0) FROM fetch_window w WHERE w.stream_id = t.id)
            """
        )
        #expect(miscounted == 0)
        let strangers = try await site.number(
            """
            SELECT count(*) FROM event e
            LEFT JOIN fetch_window w ON w.id = e.window_id AND w.stream_id = e.stream_id
            WHERE w.id IS NULL
            """
        )
        #expect(strangers == 0)
    }

    /// The ids that the ledger shows as delivered; with `doubtful` false, without doubtful ones.
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
