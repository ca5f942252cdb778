import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

/// Notifications as events, for the sinks that subscribe to them.
@Suite struct NotificationStreamTests {
    private static let note = NewNotification(
        code: "SIEM agent error",
        subject: "siem",
        severity: .critical,
        message: "Disconnected for 13h."
    )

    @Test("a notification becomes an event when raised and another when cleared, in the same transaction")
    func events() async throws {
        let (test, sink) = try await Self.make()

        try await test.spool.raise(Self.note, at: .t(10))
        try await test.spool.raise(Self.note, at: .t(20))
        try await test.spool.clearNotification("SIEM agent error", subject: "siem", at: .t(3_610))
        try await test.spool.clearNotification("SIEM agent error", subject: "siem", at: .t(3_620))
        let batch = try await Self.waiting(test, sink)

        let texts = (0..<batch.count).map {
            batch.string(.action, at: $0) + ": " + batch.string(.message, at: $0)
        }
        #expect(
            texts == [
                "System alert: SIEM agent error: siem: Disconnected for 13h.",
                "System alert: SIEM agent error cleared: siem: resolved after 1h. It was: Disconnected for 13h.",
            ]
        )
        #expect(
            (0..<2).allSatisfy { batch.string(.category, at: $0) == "ALERT_MANAGEMENT_DISCONNECTED_SIEM" }
        )
        let records = try (0..<2).map {
            try JSONDecoder().decode(NotificationRecord.self, from: Data(batch.string(.raw, at: $0).utf8))
        }
        #expect(records.map(\.state) == [.raised, .cleared])
        #expect(records.map(\.raised) == [.t(10), .t(10)])
        #expect(records.map(\.at) == [.t(10), .t(3_610)])
        #expect(Set(records.map(\.id)).count == 2)
        #expect(try await test.spool.status().sinks[0].waiting == 2)
    }

    @Test(
        "without a subscribed sink there are no events; a later sink receives only later notifications"
    )
    func laterSink() async throws {
        let test = try TestSpool()
        _ = try await test.register()
        try await test.spool.raise(Self.note, at: .t(10))
        let before = try await test.value(Int.self, "SELECT count(*) FROM event")

        let first = try await Self.register(test, ["pager"])
        try await test.spool.clearNotification("SIEM agent error", subject: "siem", at: .t(20))
        let second = try await Self.register(test, ["pager", "journal"])
        try await test.spool.raise(Self.note, at: .t(30))

        #expect(before == 0)
        #expect(second.held.isEmpty)
        #expect(try await Self.waiting(test, first.sinks[SinkName("pager")]).count == 2)
        #expect(try await Self.waiting(test, second.sinks[SinkName("journal")]).count == 1)
    }

    @Test("retention deletes notifications that every sink has received, by any source's time")
    func retention() async throws {
        let (test, sink) = try await Self.make()
        let stream = try #require(try await test.spool.status().streams.first { $0.kind == .activity })
        try await test.spool.begin(stream.id, start: .t0, sweptTo: .t(1_000_000))
        for second in [10, 20, 30] {
            try await test.spool.raise(Self.note, at: .t(second))
            try await test.spool.clearNotification("SIEM agent error", subject: "siem", at: .t(second + 1))
        }
        try await test.spool.deliver(sink, limit: 3)

        let now = [stream.id: SourceTime(date: .t(100_000), sweepsBack: .zero)]
        _ = try await test.spool.prune(now: now, age: .seconds(1))
        let kept = try await test.value(Int.self, "SELECT count(*) FROM event")
        try await test.spool.deliver(sink)
        _ = try await test.spool.prune(now: now, age: .seconds(1))

        #expect(kept == 3)
        // The newest stays: it marks the position of the stream.
        #expect(try await test.value(Int.self, "SELECT count(*) FROM event") == 1)
        #expect(try await test.value(Int.self, "SELECT count(*) FROM gaps") == 0)
    }

    @Test("a replay sends them only when their stream is named: old ones would look like new ones")
    func replay() async throws {
        let test = try TestSpool()
        let both = ["contoso/activities", StreamName.notifications.description]
        let registered = try await test.register(streams: both, sinks: ["siem"])
        let activities = StreamName(source: "contoso", stream: "activities")
        try await test.append(try #require(registered.streams[activities]), [.at(5)])
        try await test.spool.raise(Self.note, at: .t(10))
        let sink = try #require(registered.sinks.values.first)
        try await test.spool.deliver(sink)
        func sends(_ streams: [StreamName]?, to destination: String?) async throws -> Int {
            let request = ReplayRequest(
                sink: SinkName(destination ?? "siem"),
                destination: destination,
                from: .t(0),
                to: .t(100),
                streams: streams
            )
            return try await test.spool.estimate(request).toSend
        }

        for destination in [nil, "tcp://127.0.0.1:9"] {
            #expect(try await sends(nil, to: destination) == 1)
            #expect(try await sends([.notifications], to: destination) == 1)
            #expect(try await sends([activities, .notifications], to: destination) == 2)
        }
    }

    @Test("a replay to a sink that receives only notifications is rejected unless it names their stream")
    func replayOfPager() async throws {
        let (test, _) = try await Self.make()
        let request = ReplayRequest(sink: SinkName("pager"), from: .t(0), to: .t(100))

        let error = await #expect(throws: StoreError.self) { _ = try await test.spool.estimate(request) }

        #expect(error?.description.contains("`--stream spool/notifications`") == true)
    }

    @Test("they are never derived again, even when the parser version changes")
    func notDerived() async throws {
        let (test, _) = try await Self.make()
        try await test.spool.raise(Self.note, at: .t(10))

        let stale = try await test.value(
            Int.self,
            "SELECT count(*) FROM event WHERE derived < 1000000"
        )

        #expect(stale == 0)
    }

    private static func waiting(_ test: TestSpool, _ sink: SinkID?) async throws -> EventBatch {
        let sink = try #require(sink)
        let name = StreamName.notifications.description
        let stream = try await test.value(Int64.self, "SELECT id FROM stream WHERE name = '\(name)'")
        let id = StreamID(try #require(stream))
        let subscription = try #require(
            try await test.spool.subscriptions(of: sink).first { $0.stream == id }
        )
        return try await test.spool.batch(
            of: id,
            after: subscription.watermark,
            limit: BatchLimit(events: 100),
            raw: true
        ) ?? EventBatch(stream: id)
    }

    private static func register(_ test: TestSpool, _ sinks: [String]) async throws -> Registration {
        let activities = StreamName(source: "contoso", stream: "activities")
        return try await test.spool.register(
            Topology(
                streams: [
                    .init(name: activities, kind: .activity, filterHash: "f"),
                    .init(name: .notifications, kind: .alert),
                ],
                sinks: sinks.map { .init(name: SinkName($0), type: "webhook", streams: [.notifications]) }
            ),
            at: .t0
        )
    }

    private static func make() async throws -> (test: TestSpool, sink: SinkID) {
        let test = try TestSpool()
        let registration = try await register(test, ["pager"])
        return (test, try #require(registration.sinks.values.first))
    }
}
