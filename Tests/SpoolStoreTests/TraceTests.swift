import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Tracing an event")
struct TraceTests {
    @Test("window, ledger row and connection of a delivered event, by id and by seq")
    func delivered() async throws {
        let test = try TestSpool()
        let registration = try await test.register()
        let stream = try #require(registration.streams.values.first)
        let sink = try #require(registration.sinks.values.first)
        try await test.append(stream, [.at(1, "a"), .at(2, "b"), .at(3, "c")])
        let connection = try await test.spool.opened(sink, address: "siem:514", transport: "tcp", at: .t(5))
        try await test.spool.deliver(sink, outcome: .delivered(.kernel), connection: connection)
        try await test.spool.closed(connection, clean: false, at: .t(20))

        let trace = try #require(try await test.spool.trace("b").first)
        let bySeq = try await test.spool.trace("\(trace.seq)")

        #expect(bySeq == [trace])
        #expect(trace.id == "b" && trace.kind == "activity" && trace.severity == "medium")
        #expect(trace.window?.reason == "poll" && trace.window?.seen == 3 && trace.window?.pages == 1)
        let told = try #require(trace.sinks.first)
        let row = try #require(told.deliveries.first)
        #expect(trace.sinks.count == 1 && told.live == .settled && told.deliveries.count == 1)
        #expect(row.outcome == "delivered" && row.evidence == "kernel" && row.isDoubtful)
        #expect(row.events == 3 && row.connection == connection && row.connectionEnd == "unclean")
        #expect(row.address == "siem:514" && row.replay == nil)
    }

    @Test("a pending event, a dead letter, and a replay that has not sent the event yet")
    func waiting() async throws {
        let test = try TestSpool()
        let registration = try await test.register(sinks: ["one", "two"])
        let stream = try #require(registration.streams.values.first)
        let one = try #require(registration.sinks[SinkName("one")])
        try await test.append(stream, (1...5).map { .at($0) })
        try await test.spool.deliver(
            one,
            outcome: .refused(Refusal(reason: "rejected", detail: "no"))
        )
        let seq = try #require(try await test.spool.trace("e3").first?.seq)
        let replay = try await test.spool.requeue([seq], to: SinkName("one"), at: .t(50))

        let trace = try #require(try await test.spool.trace("e3").first)

        let (first, second) = (trace.sinks[0], trace.sinks[1])
        #expect(first.live == .settled && first.deliveries.map(\.outcome) == ["refused"])
        #expect(first.deadLetter?.reason == "rejected" && first.deadLetter?.detail == "no")
        #expect(first.replaysToCome == [replay.id])
        #expect(second.live == .waiting && second.ahead == 2 && second.deliveries.isEmpty)
    }

    @Test("the same id in two streams gives two traces; an unknown id gives none")
    func twice() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/activities", "b/activities"])
        for stream in registration.streams.values { try await test.append(stream, [.at(1, "same")]) }

        #expect(Set(try await test.spool.trace("same").map(\.stream.source)) == ["a", "b"])
        #expect(try await test.spool.trace("other").isEmpty)
        #expect(try await test.spool.trace("999").isEmpty)
    }

    @Test("coverage of a moment: complete windows with the current filters, and the stream's position")
    func coverage() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1)])
        let name = StreamName(source: "contoso", stream: "activities")

        let inside = try #require(try await test.spool.coverage(of: name, at: .t(10)))
        let outside = try #require(try await test.spool.coverage(of: name, at: .t(2_000_000)))

        #expect(inside.isCovered && !inside.isUnproved && inside.since == .t(1_000_000))
        #expect(!outside.isCovered)
        #expect(try await test.spool.coverage(of: StreamName(source: "x", stream: "y"), at: .t0) == nil)
    }
}
