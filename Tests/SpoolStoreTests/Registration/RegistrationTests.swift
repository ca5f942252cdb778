import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite struct RegistrationTests {
    @Test("registering the same roster again changes nothing")
    func isIdempotent() async throws {
        let test = try TestSpool()

        let first = try await test.register()
        let second = try await test.register()

        #expect(first == second)
        #expect(second.held.isEmpty)
    }

    @Test("a sink added before its stream has events starts at the beginning")
    func startsAtZero() async throws {
        let test = try TestSpool()
        let registration = try await test.register()
        let sink = try #require(registration.sinks.values.first)

        let subscriptions = try await test.spool.subscriptions(of: sink)

        #expect(subscriptions.map(\.watermark) == [Seq(0)])
    }

    @Test("a sink added without start to a stream with events is held, and its events are kept")
    func heldWithoutStart() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1), .at(2)])

        let registration = try await test.register(sinks: ["siem", "late"])

        let late = try #require(registration.sinks[SinkName("late")])
        #expect(registration.held[SinkName("late")]?.contains("contoso/activities") == true)
        #expect(try await test.spool.subscriptions(of: late).isEmpty)
        let status = try #require(try await test.spool.status().sinks.first { $0.id == late })
        #expect(status.state == .held)
        #expect(status.waiting == 2)
    }

    @Test("a held sink stays held and a removed one disabled, regardless of its loop's reports")
    func staysHeld() async throws {
        let test = try TestSpool()
        let first = try await test.register(sinks: ["siem"])
        let (stream, siem) = try first.only()
        try await test.append(stream, [.at(1)])
        let late = try #require(try await test.register(sinks: ["late"]).sinks.values.first)

        for sink in [siem, late] { try await test.spool.report(SinkReport(state: .connected), of: sink) }

        let sinks = try await test.spool.status().sinks
        #expect(sinks.map(\.state) == [.held, .disabled])
        #expect(sinks.first?.lastError?.contains("renamed_from: siem") == true)
        #expect(try await test.value(String.self, "SELECT state FROM health WHERE name = 'late'") == "held")
    }

    @Test("a held sink keeps the time since when it is held at every start")
    func heldSince() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register(sinks: []).streams.values.first)
        try await test.append(stream, [.at(1)])
        _ = try await test.register(sinks: ["late"])
        let topology = Topology(
            streams: [Topology.Stream(name: StreamName("contoso/activities")!, kind: .activity)],
            sinks: [
                Topology.Sink(
                    name: SinkName("late"),
                    type: "syslog",
                    streams: [StreamName("contoso/activities")!]
                )
            ]
        )

        _ = try await test.spool.register(topology, at: .t(500))

        #expect(try await test.spool.status().sinks.map(\.stateSince) == [.t0])
    }

    @Test(
        "a sink held without a start stays held, regardless of its connections",
        arguments: [SinkReport.State.connected, .retrying]
    )
    func heldIsNotOverwritten(state: SinkReport.State) async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, [.at(1)])
        let registration = try await test.register(sinks: ["siem", "late"])
        let late = try #require(registration.sinks[SinkName("late")])

        try await test.spool.report(
            SinkReport(state: state, lastError: "refused", attempts: 1, retryAt: .t(9), at: .t(8)),
            of: late
        )

        let status = try #require(try await test.spool.status().sinks.first { $0.id == late })
        #expect(status.state == .held && status.troubleSince == nil)
        #expect(status.lastError == registration.held[SinkName("late")])

        _ = try await test.register(sinks: ["siem", "late"], start: .beginning)
        try await test.spool.report(SinkReport(state: state, attempts: 1, at: .t(9)), of: late)
        #expect(try await test.spool.status().sinks.first { $0.id == late }?.state == state)
    }

    @Test(
        "a held sink begins at its start once this is set",
        arguments: [
            (SubscriptionStart.beginning, 0, 3), (.now, 3, 0), (.time(.t(2)), 1, 2), (.time(.t(99)), 3, 0),
        ]
    )
    func startGivenLater(start: SubscriptionStart, watermark: Int, waiting: Int) async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register(sinks: []).streams.values.first)
        try await test.append(stream, [.at(1), .at(2), .at(3)])
        _ = try await test.register(sinks: ["late"])

        let registration = try await test.register(sinks: ["late"], start: start)

        let late = try #require(registration.sinks.values.first)
        #expect(registration.held.isEmpty)
        #expect(try await test.spool.subscriptions(of: late).map(\.watermark) == [Seq(Int64(watermark))])
        #expect(try await test.spool.status().sinks[0].waiting == waiting)
        #expect(try await test.spool.status().sinks[0].state == .created)
    }

    @Test("a removed sink is disabled, keeps its watermark, and continues there when added again")
    func leavesAndReturns() async throws {
        let test = try TestSpool()
        let registration = try await test.register()
        let (stream, sink) = try registration.only()
        try await test.append(stream, [.at(1), .at(2)])
        try await test.spool.deliver(sink, limit: 1)

        _ = try await test.register(sinks: [])
        let gone = try await test.spool.status().sinks[0]
        let during = try await test.spool.subscriptions(of: sink)
        let back = try await test.register()

        #expect(gone.state == .disabled)
        #expect(during.isEmpty)
        #expect(back.held.isEmpty)
        #expect(try await test.spool.subscriptions(of: sink).map(\.watermark) == [Seq(1)])
    }

    @Test("a removed stream is still drained to the sinks that subscribed to it")
    func leftStreamIsDrained() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"])
        let sink = try #require(registration.sinks.values.first)

        _ = try await test.register(streams: ["a/x"])

        let names = try await test.spool.subscriptions(of: sink).map(\.name.description)
        #expect(names == ["a/x", "b/x"])
    }

    @Test("a stream that the sink no longer lists is no longer drained to it")
    func unsubscribes() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"])
        let sink = try #require(registration.sinks.values.first)
        let (a, b) = (StreamName(source: "a", stream: "x"), StreamName(source: "b", stream: "x"))

        _ = try await test.spool.register(
            Topology(
                streams: [
                    Topology.Stream(name: a, kind: .activity), Topology.Stream(name: b, kind: .activity),
                ],
                sinks: [Topology.Sink(name: SinkName("siem"), type: "syslog", streams: [a])]
            ),
            at: .t(1)
        )

        #expect(try await test.spool.subscriptions(of: sink).map(\.name) == [a])
    }

    @Test("renamed_from carries a stream and a sink over, and may stay in the configuration")
    func renames() async throws {
        let test = try TestSpool()
        let before = try await test.register(streams: ["old/x"])
        let (stream, sink) = try before.only()
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(sink)
        let new = StreamName(source: "new", stream: "x")
        let topology = Topology(
            streams: [
                Topology.Stream(
                    name: new,
                    kind: .activity,
                    renamedFrom: StreamName(source: "old", stream: "x")
                )
            ],
            sinks: [
                Topology.Sink(
                    name: SinkName("renamed"),
                    type: "syslog",
                    streams: [new],
                    renamedFrom: SinkName("siem")
                )
            ]
        )

        let first = try await test.spool.register(topology, at: .t(1))
        let second = try await test.spool.register(topology, at: .t(2))

        #expect(first.streams == [new: stream])
        #expect(first.sinks == [SinkName("renamed"): sink])
        #expect(second == first)
        #expect(try await test.spool.subscriptions(of: sink).map(\.watermark) == [Seq(1)])
    }
}

extension Registration {
    /// The only stream and the only sink.
    func only() throws -> (StreamID, SinkID) {
        (try #require(streams.values.first), try #require(sinks.values.first))
    }
}
