import SpoolCore
import SpoolStore
import SpoolTestSupport
import Testing

@testable import spool

@Suite("The trace of the spool's own notification")
struct TraceOwnTests {
    @Test("shows its origin and does not claim that a fetch window was deleted")
    func own() async throws {
        let folder = try TemporaryFolder()
        var options = SpoolOptions(holder: "test")
        options.reserveBytes = 0
        let now = Timestamp(milliseconds: 1_795_000_000_000)
        let spool = try Spool.open(path: folder.path("spool.db"), options: options, at: now)
        _ = try await spool.register(
            Topology(
                streams: [Topology.Stream(name: .notifications, kind: .alert)],
                sinks: [Topology.Sink(name: SinkName("pager"), type: "webhook", streams: [.notifications])]
            ),
            at: now
        )
        let note = NewNotification(code: "Sink held", subject: "siem", severity: .error, message: "No.")
        try await spool.raise(note, at: now)
        let record = NotificationRecord(
            state: .raised,
            severity: "error",
            code: note.code,
            subject: note.subject,
            message: note.message,
            raised: now,
            at: now
        )

        let event = try #require(try await spool.trace(record.id).first)
        let text = TraceText(event).text
        try await spool.close(at: now)

        #expect(text.contains("into spool/notifications"))
        #expect(text.contains("created by spool itself, not fetched from a source"))
        #expect(!text.contains("retention"), "\(text)")
        withExtendedLifetime(folder) {}
    }
}
