import Logging
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("Refetching a replay's window")
struct RefetcherTests {
    private let bench = FetchBench()
    private let lanesChanged = ChangeSignal()
    private let id = ReplayID(1)

    init() {
        var replay = Sample.replay(1, last: [0])
        replay.refetch = Refetch(parts: [
            Refetch.Part(
                stream: StreamID(1),
                name: Sample.activities.name,
                from: Sample.now - .days(2),
                to: Sample.now - .hours(1)
            )
        ])
        let made = replay
        bench.store.edit { $0.replays = [made] }
    }

    private func refetcher(_ source: ScriptedSource, isConfigured: Bool = true) -> Refetcher {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let gate = RequestGate(perMinute: 1_000, time: bench.time)
        let access: @Sendable (StreamName) -> SourceAccess? = { _ in
            isConfigured
                ? SourceAccess(source: source, stream: Sample.activities, id: StreamID(1), gate: gate) : nil
        }
        let (time, bell) = (bench.time, bench.bell)
        return Refetcher(
            id,
            store: bench.store,
            access: access,
            reader: { name in
                WindowReader(
                    stream: name,
                    access: { access(name) },
                    memory: AsyncSemaphore(2),
                    crashes: nil,
                    bell: bell,
                    time: time,
                    logger: logger
                )
            },
            bell: { _ in bell },
            time: time,
            appended: bench.appended,
            lanesChanged: lanesChanged,
            logger: logger
        )
    }

    private func replay() throws -> Replay { try #require(bench.store.read { $0.replays.first }) }

    private static let twoEvents = ScriptedSource { _, _ in
        .page(Sample.page([Sample.event("a"), Sample.event("b", isReadable: false)]))
    }

    @Test("records that could not be parsed are spooled and counted like all others")
    func unreadable() async throws {
        try await refetcher(Self.twoEvents).run(stop: bench.stop)

        let after = try replay()
        #expect(after.isRefetching == false && after.state == .running)
        #expect(after.refetch?.parts.map(\.seen) == [2])
        #expect(after.refetch?.parts.map(\.inserted) == [2])
        #expect(bench.store.read { $0.events.map(\.event.isReadable) } == [true, false])
    }

    @Test("a permanent refusal of the spool cancels the replay with the reason, and signals the lanes")
    func refused() async throws {
        let before = lanesChanged.version
        bench.store.fail(.append, .invalid)

        try await refetcher(Self.twoEvents).run(stop: bench.stop)

        let after = try replay()
        #expect(after.state == .cancelled)
        #expect(after.reason?.contains("scripted") == true)
        #expect(lanesChanged.version != before)
    }

    @Test(
        "reading its progress is retried like everything else that it does with the spool",
        .timeLimit(.minutes(1))
    )
    func busy() async throws {
        bench.store.fail(.subscriptions, .busy)
        let refetcher = refetcher(Self.twoEvents)
        async let ended: Void = refetcher.run(stop: bench.stop)

        try await bench.passPause()
        try await ended

        #expect(try replay().isRefetching == false)
    }

    @Test("a refetch cancelled while a page is being fetched ends silently, without a reason")
    func cancelledMeanwhile() async throws {
        let store = bench.store
        let source = ScriptedSource { _, _ in
            store.edit { $0.replays[0].state = .cancelled }
            return .page(Sample.page([Sample.event("a")]))
        }

        try await refetcher(source).run(stop: bench.stop)

        #expect(try replay().state == .cancelled)
        #expect(try replay().reason == nil)
        #expect(bench.store.read { $0.events.isEmpty })
    }

    @Test("a replay is cancelled with a reason after the spool was full for ten minutes, and not before")
    func givesWay() async throws {
        bench.store.edit { $0.pauses = true }
        let refetcher = refetcher(Self.twoEvents)
        async let ended: Void = refetcher.run(stop: bench.stop)

        while bench.clock.now.offset < .minutes(10) - .seconds(15) { try await bench.passPause() }
        try await bench.clock.waitUntilSleeping()
        let early = try replay()
        try await bench.passPause()
        try await ended

        let after = try replay()
        #expect(early.state == .running && early.reason == nil)
        #expect(after.state == .cancelled)
        #expect(after.reason?.contains("no space for the records that replay 1 fetches again") == true)
        #expect(after.reason?.contains("max_size") == true)
        #expect(Self.twoEvents.requests.isEmpty || after.refetch?.parts.map(\.seen) == [0])
    }

    @Test(
        "space freed within ten minutes lets it continue, and the next wait is counted from its own start"
    )
    func roomAgain() async throws {
        bench.store.edit { $0.pauses = true }
        let refetcher = refetcher(Self.twoEvents)
        async let ended: Void = refetcher.run(stop: bench.stop)

        while bench.clock.now.offset < .minutes(9) { try await bench.passPause() }
        try await bench.clock.waitUntilSleeping()
        bench.store.edit { $0.pauses = false }
        try await bench.passPause()
        try await ended

        #expect(try replay().state == .running)
        #expect(try replay().isRefetching == false)
    }

    @Test(
        "an operator's retry ends the wait for the source, and the one for room",
        arguments: ["source", "room", "disk"]
    )
    func retryNow(of what: String) async throws {
        let source = ScriptedSource { _, count in
            count == 1 && what == "source"
                ? .fault(SourceFault(.unreachable, "scripted"))
                : .page(Sample.page([Sample.event("a")]))
        }
        switch what {
        case "room": bench.store.edit { $0.pauses = true }
        case "disk": bench.store.fail(.append, .full)
        default: break
        }
        let refetcher = refetcher(source)
        async let ended: Void = refetcher.run(stop: bench.stop)

        try await bench.clock.waitUntilSleeping()
        bench.store.edit { $0.pauses = false }
        while try replay().isRefetching {
            bench.bell.ring()
            await Task.yield()
        }
        try await ended

        #expect(bench.clock.now.offset == .zero)
        #expect(bench.store.read { $0.events.count } == 1)
    }

    @Test("records read from a stream that is no longer configured are kept, and the replay continues")
    func left() async throws {
        try await refetcher(Self.twoEvents, isConfigured: false).run(stop: bench.stop)

        let after = try replay()
        #expect(after.state == .running && after.isRefetching == false)
        #expect(after.refetch?.parts.map(\.seen) == [0])
    }
}
