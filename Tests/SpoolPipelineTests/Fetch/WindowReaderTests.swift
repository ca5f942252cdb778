import Logging
import SpoolCore
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolPipeline

@Suite("Window reader")
struct WindowReaderTests {
    let bench = FetchBench()
    let stop = ShutdownRequest()

    /// Records its calls.
    final class Notes: WindowTaker {
        struct Taken: Equatable {
            let ids: [String]
            let scan: Scan
            let ended: WindowState?
        }

        let taken = Mutex<[Taken]>([])
        let places = Mutex<[WindowPlace]>([])
        let abandoned = Mutex<[Scan]>([])
        let faults = Mutex<[SourceFault?]>([])

        func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID? {
            taken.withLock {
                $0.append(Taken(ids: page.records.map(\.event.externalID), scan: scan, ended: ended))
            }
            return WindowID(7)
        }

        func abandon(_ scan: Scan) async throws(StoreError) { abandoned.withLock { $0.append(scan) } }

        func keep(_ place: WindowPlace) async throws(StoreError) { places.withLock { $0.append(place) } }

        func report(_ fault: SourceFault?) async throws(StoreError) {
            faults.withLock { $0.append(fault) }
        }

        var ids: [String] { taken.withLock { $0.flatMap(\.ids) } }
        var scans: [Scan] { taken.withLock { $0.map(\.scan) } }
    }

    private func reader(
        _ source: ScriptedSource,
        gate: RequestGate? = nil,
        memory: AsyncSemaphore = AsyncSemaphore(2),
        timeout: Duration? = nil,
        stream: SourceStream? = Sample.activities
    ) -> WindowReader {
        let gate = gate ?? RequestGate(perMinute: 1_000, time: bench.time)
        return WindowReader(
            stream: Sample.activities.name,
            access: {
                stream.map { SourceAccess(source: source, stream: $0, id: StreamID(1), gate: gate) }
            },
            memory: memory,
            crashes: nil,
            timeout: timeout,
            time: bench.time,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private func window(_ from: Duration, _ to: Duration) -> WindowPlace {
        WindowPlace(from: Sample.now - from, to: Sample.now - to, filterHash: Sample.activities.filterHash)
    }

    private static func page(_ count: Int, of pages: Int) -> Page {
        Sample.page([Sample.event("e\(count)")], next: count < pages ? "p\(count)" : nil)
    }

    @Test("a window is read page by page with its own scan, and its pages are passed to the taker in order")
    func pages() async throws {
        let source = ScriptedSource { _, count in .page(Self.page(count, of: 3)) }
        let notes = Notes()

        let end = try await reader(source).read(window(.days(2), .hours(1)), into: notes, stop: stop)

        #expect(notes.ids == ["e1", "e2", "e3"])
        #expect(end.isComplete)
        #expect(end.unproved.isEmpty)
        #expect(end.records == 3)
        #expect(source.requests.map(\.scan.position) == [nil, "p1", "p2"])
        #expect(source.requests.allSatisfy { $0.scan.reason == .refetch })
        #expect(Set(source.requests.map(\.scan.from)) == [Sample.now - .days(2)])
        #expect(Set(source.requests.map(\.scan.to)) == [Sample.now - .hours(1)])
        #expect(notes.scans.map(\.window) == [nil, WindowID(7), WindowID(7)])
        #expect(notes.taken.withLock { $0.map(\.ended) } == [nil, nil, .complete])
    }

    @Test("data older than 30 days is read in windows of at most 7 days, the rest in one")
    func oldWindow() async throws {
        let source = ScriptedSource { request, _ in .page(Sample.page([Sample.event("\(request.scan.from)")]))
        }

        let end = try await reader(source).read(window(.days(40), .days(1)), into: Notes(), stop: stop)

        let bounds = source.requests.map { request in
            [request.scan.from, request.scan.to ?? .max].map { Sample.now.since($0) }
        }
        #expect(
            bounds == [[.days(40), .days(33)], [.days(33), .days(26)], [.days(26), .days(1)]]
        )
        #expect(end.isComplete)
    }

    @Test("an empty answer is no proof for a part older than 30 days, but is one for a newer part")
    func unproved() async throws {
        let source = ScriptedSource { _, _ in .page(Sample.page([])) }

        let end = try await reader(source).read(window(.days(34), .days(20)), into: Notes(), stop: stop)

        let parts = end.unproved.map { [Sample.now.since($0.from), Sample.now.since($0.to)] }
        #expect(parts == [[.days(34), .days(27)]])
    }

    @Test("after a restart it continues from the stored place")
    func resume() async throws {
        let source = ScriptedSource { _, count in
            .page(Self.page(count, of: 3))
        }
        let notes = Notes()
        let source2 = ScriptedSource { request, _ in
            .page(Sample.page([Sample.event("again \(request.scan.position ?? "")")]))
        }
        _ = try await reader(source).read(window(.days(2), .zero), into: notes, stop: stop)
        let kept = try #require(notes.places.withLock { $0.first })

        let end = try await reader(source2).read(kept, into: notes, stop: stop)

        #expect(source2.requests.map(\.scan.position) == ["p1"])
        #expect(end.records == 2)
    }

    @Test("a scan that the source has lost is abandoned and restarts")
    func lost() async throws {
        let source = ScriptedSource { request, count in
            if count == 2 { return .fault(SourceFault(.scanLost, "gone")) }
            return .page(Sample.page([Sample.event("e\(count)")], next: count == 1 ? "p" : nil))
        }
        let notes = Notes()

        let end = try await reader(source).read(window(.days(2), .zero), into: notes, stop: stop)

        #expect(source.requests.map(\.scan.position) == [nil, "p", nil])
        #expect(notes.abandoned.withLock { $0.map(\.window) } == [WindowID(7)])
        #expect(end.isComplete)
    }

    @Test("a page that is truncated twice is requested with half the size")
    func smaller() async throws {
        let source = ScriptedSource { request, count in
            count <= 2 ? .fault(SourceFault(.incomplete, "cut off")) : .page(Sample.page([]))
        }
        let (reader, place, stop) = (reader(source), window(.days(2), .zero), stop)
        async let end = reader.read(place, into: Notes(), stop: stop)
        for _ in 0..<2 { try await bench.passPause() }

        #expect(try await end.isComplete)
        #expect(source.requests.map(\.limit) == [5_000, 5_000, 2_500])
    }

    @Test("429 pauses the requests of the whole tenant")
    func throttled() async throws {
        let source = ScriptedSource { _, count in
            count == 1 ? .fault(SourceFault(.throttled(.seconds(30)), "429")) : .page(Sample.page([]))
        }
        let gate = RequestGate(perMinute: 1_000, time: bench.time)
        let notes = Notes()
        let (reader, place, stop) = (reader(source, gate: gate), window(.days(2), .zero), stop)
        async let end = reader.read(place, into: notes, stop: stop)
        try await bench.clock.waitUntilSleeping()

        let polled = Mutex(false)
        async let poll = {
            let isGranted = await gate.take(.poll, stop: stop)
            polled.withLock { $0 = true }
            return isGranted
        }()
        try await bench.clock.waitUntilSleeping(count: 2)
        bench.clock.advance(by: .seconds(29))
        #expect(!polled.withLock { $0 })
        bench.clock.advance(by: .seconds(30))
        let isGranted = await poll

        #expect(isGranted)
        #expect(try await end.isComplete)
        #expect(notes.faults.withLock { $0.map { $0?.kind } } == [.throttled(.seconds(30)), nil])
    }

    @Test("a wrong token ends a command's reading immediately, with the fault")
    func settingFault() async throws {
        let source = ScriptedSource { _, _ in .fault(SourceFault(.invalidToken, "no such token")) }

        await #expect(throws: WindowFault.source(SourceFault(.invalidToken, "no such token"))) {
            try await reader(source, timeout: .seconds(60))
                .read(window(.days(2), .zero), into: Notes(), stop: stop)
        }
    }

    @Test("a source that does not answer is retried until the timeout")
    func timeout() async throws {
        let source = ScriptedSource { _, _ in .fault(SourceFault(.unreachable, "refused")) }
        let (reader, place, stop) = (reader(source, timeout: .seconds(5)), window(.days(2), .zero), stop)
        let reading = Task { try await reader.read(place, into: Notes(), stop: stop) }
        for _ in 0..<3 { try await bench.passPause() }

        await #expect(throws: WindowFault.source(SourceFault(.unreachable, "refused"))) {
            try await reading.value
        }
        #expect(source.requests.count == 4)
    }

    @Test("changed filters in the configuration end a reading that started with the old ones")
    func changed() async throws {
        let source = ScriptedSource { _, _ in .page(Sample.page([])) }
        let other = Sample.stream("activities", .activity, filterHash: "f2")

        await #expect(throws: WindowFault.changed(Sample.activities.name)) {
            try await reader(source, stream: other).read(window(.days(2), .zero), into: Notes(), stop: stop)
        }
        #expect(source.requests.isEmpty)
    }

    @Test("a stop cancels the running request, and returns the place reached")
    func stopped() async throws {
        let source = ScriptedSource { _, count in
            count == 1 ? .page(Sample.page([Sample.event("e1")], next: "p1")) : .hang
        }
        let (reader, place, stop) = (reader(source), window(.days(2), .zero), stop)
        async let end = reader.read(place, into: Notes(), stop: stop)
        await source.asked(2)

        stop.ask()

        let reached = try await end
        #expect(!reached.isComplete)
        #expect(reached.scan?.position == "p1")
    }

    @Test("its memory permit is returned after every outcome")
    func memory() async throws {
        let memory = AsyncSemaphore(1)
        let source = ScriptedSource { _, count in
            if count == 1 { return .fault(SourceFault(.scanLost, "gone")) }
            return .page(Self.page(count, of: 3))
        }

        let end = try await reader(source, memory: memory).read(
            window(.days(2), .zero),
            into: Notes(),
            stop: stop
        )

        #expect(end.isComplete)
        #expect(await memory.take(stop: stop))
    }

    @Test("pages taken by the appender are spooled once, as a refetch, and the cursor is unchanged")
    func appends() async throws {
        let known = Sample.event("e1")
        let before = StreamProgress(
            start: Sample.now - .days(9),
            cursor: Cursor(since: Sample.now - .days(1))
        )
        bench.store.edit { tables in
            tables.streams[StreamID(1)] = before
            tables.known[StreamID(1)] = [known.externalID]
        }
        let source = ScriptedSource { _, count in
            .page(Sample.page([known, Sample.event("e2")], next: count == 1 ? "p" : nil))
        }
        let access = SourceAccess(
            source: source,
            stream: Sample.activities,
            id: StreamID(1),
            gate: RequestGate(perMinute: 1_000, time: bench.time)
        )
        let appended = ChangeSignal()
        let appender = PageAppender(
            access,
            store: bench.store,
            time: bench.time,
            appended: appended,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )

        let end = try await reader(source).read(window(.days(2), .zero), into: appender, stop: stop)

        #expect(end.isComplete)
        #expect(appender.inserted == 1)
        #expect(appended.version == 1)
        #expect(bench.store.read { $0.events.map(\.event.externalID) } == ["e2"])
        #expect(bench.store.read { $0.windows.map(\.scan.reason) } == [.refetch])
        #expect(bench.store.read { $0.windows.map(\.state) } == [.complete])
        #expect(bench.store.read { $0.streams[StreamID(1)]?.cursor } == before.cursor)
    }
}
