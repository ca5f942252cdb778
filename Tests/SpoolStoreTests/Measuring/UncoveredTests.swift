import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Time that is not proved to have been read")
struct CoverageTests {
    private struct Window {
        var from: Int
        var to: Int
        var state = "complete"
        var filters = "f"
    }

    private func gaps(_ windows: [Window], start: Int, since: Int, slice: Int) async throws
        -> (ours: [UncoveredTime], view: [Int64])
    {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        try await test.spool.begin(stream, start: .t(start), sweptTo: .t(start))
        try await test.spool.write { db in
            try db.execute(
                sql: "UPDATE stream SET since_ms = ?, filter_hash = 'f'",
                arguments: [Timestamp.t(since).milliseconds]
            )
            for window in windows {
                try db.execute(
                    sql: """
                        INSERT INTO fetch_window (stream_id, reason, from_ms, to_ms, filter_hash, state,
                            pages, seen, inserted, changed, started_ms)
                        VALUES (?, 'poll', ?, ?, ?, ?, 1, 0, 0, 0, 0)
                        """,
                    arguments: [
                        stream.value, Timestamp.t(window.from).milliseconds,
                        Timestamp.t(window.to).milliseconds, window.filters, window.state,
                    ]
                )
            }
        }
        return (
            try await test.spool.uncovered(of: stream, slice: slice),
            try await test.values("SELECT from_ms FROM gaps ORDER BY from_ms")
                + test.values("SELECT min(to_ms, (SELECT since_ms FROM stream)) FROM gaps ORDER BY from_ms")
        )
    }

    @Test(
        "gaps are the time that no complete window with the current filters covers",
        arguments: [1, 2, 100]
    )
    func gaps(slice: Int) async throws {
        let found = try await gaps(
            [
                Window(from: 0, to: 100), Window(from: 50, to: 80), Window(from: 120, to: 200),
                Window(from: 200, to: 300, filters: "old"), Window(from: 210, to: 290, state: "abandoned"),
                Window(from: 310, to: 400),
            ],
            start: 0,
            since: 500,
            slice: slice
        )

        let wanted = [(100, 120), (200, 310), (400, 500)]
        #expect(found.ours == wanted.map { UncoveredTime(from: .t($0.0), to: .t($0.1)) })
        #expect(
            found.view == wanted.map { Timestamp.t($0.0).milliseconds }
                + wanted.map { Timestamp.t($0.1).milliseconds }
        )
    }

    @Test("a stream that was read without interruption has no gap, nor has one that has not begun")
    func none() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()
        let before = try await test.spool.uncovered(of: stream)
        try await test.append(stream, [.at(1)])

        #expect(before.isEmpty)
        #expect(try await test.spool.uncovered(of: stream).isEmpty)
    }

    @Test("many windows with the same beginning are each read once, with slices of any size")
    func equalBeginnings() async throws {
        let windows = (1...7).map { Window(from: 0, to: $0 * 10) } + [Window(from: 75, to: 100)]

        let found = try await gaps(windows, start: 0, since: 100, slice: 3)

        #expect(found.ours == [UncoveredTime(from: .t(70), to: .t(75))])
    }
}
