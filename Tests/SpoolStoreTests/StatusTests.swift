import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite struct StatusTests {
    @Test(
        "an active notification is not raised twice, is updated, and can be raised again once cleared"
    )
    func notifications() async throws {
        let test = try TestSpool()
        func raise(_ subject: String, _ message: String, _ seconds: Int) async throws -> Bool {
            try await test.spool.raise(
                NewNotification(
                    code: "Data server connection error",
                    subject: subject,
                    severity: .error,
                    message: message
                ),
                at: .t(seconds)
            )
        }

        let first = try await raise("siem", "refused", 1)
        let again = try await raise("siem", "timed out", 2)
        let other = try await raise("second", "refused", 3)
        try await test.spool.clearNotification("Data server connection error", subject: "siem", at: .t(4))
        let standing = try await test.spool.status().notifications
        let anew = try await raise("siem", "refused", 5)

        #expect([first, again, other, anew] == [true, false, true, true])
        #expect(standing.map(\.subject) == ["second"])
        let all = try await test.spool.notifications(all: true)
        #expect(all.map(\.message) == ["refused", "refused", "timed out"])
        #expect(all.last?.cleared == .t(4))
    }

    @Test("the status has the oldest event that waits, and sizes that include free pages")
    func sizes() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(sink, limit: 1)
        _ = try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(9)),
            at: .t(10)
        )
        let status = try await test.spool.status()

        #expect(status.sinks[0].subscriptions[0].oldestOccurred == .t(2))
        #expect(status.size.inUse > 0)
        // Free pages count in addition to those in use, wherever they are.
        #expect(status.size.file >= status.size.inUse)
    }

    @Test("a record dated in the future does not become the newest")
    func newestIgnoresFuture() async throws {
        let test = try TestSpool()
        let (stream, _) = try await test.register().only()

        try await test.append(stream, [.at(7), .at(2_000_000_000)])

        #expect(try await test.spool.status().streams[0].newest == .t(7))
    }

    @Test("events, deliveries, replays and health can be read with plain SQL")
    func views() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1)])
        let connection = try await test.spool.opened(sink, address: "tls://s:1", transport: "tls", at: .t(2))
        try await test.spool.deliver(sink, outcome: .delivered(.kernel), connection: connection)
        _ = try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(9)),
            at: .t(20)
        )

        let found = try await test.spool.read { db in
            try [
                "SELECT stream || ' ' || occurred || ' ' || severity || ' ' || raw FROM events",
                "SELECT sink || ' ' || events || ' ' || outcome || ' ' || evidence || ' ' || doubtful "
                    + "|| ' ' || settled || ' ' || address FROM deliveries",
                "SELECT sink || ' ' || state || ' ' || mode || ' ' || \"from\" || ' ' || total FROM replays",
                "SELECT group_concat(what || ' ' || name || ' ' || state, ', ') FROM health",
            ].map { try String.fetchOne(db, sql: $0) }
        }

        #expect(
            found == [
                "contoso/activities 2026-01-01T00:00:01.000Z medium {\"_id\":\"e1\"}",
                "siem 1 delivered kernel 0 2026-01-01T00:00:10.000Z tls://s:1",
                "siem running window 2026-01-01T00:00:00.000Z 1",
                "stream contoso/activities connected, sink siem created",
            ]
        )
    }
}
