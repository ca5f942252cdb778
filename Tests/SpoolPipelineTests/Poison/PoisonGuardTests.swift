import Logging
import SpoolCore
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolPipeline

@Suite("Marks before steps that may crash", .timeLimit(.minutes(5)))
struct PoisonGuardTests {
    private let clock = ManualClock()
    private let sink = ScriptedSink()

    private func watch(_ store: MarkStore) async throws -> PoisonGuard {
        try await PoisonGuard.begin(
            store,
            time: Clocks(clock: clock, wall: { Sample.now }, chance: { 0 }),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    @Test(
        "are set and cleared after an unclean end, for a quarter of an hour, and never after a clean one",
        arguments: [true, false]
    )
    func span(_ endedUncleanly: Bool) async throws {
        let store = MarkStore(endedUncleanly: endedUncleanly)
        let watch = try await watch(store)

        _ = try await watch.parts(of: Sample.laneBatch([1, 2]), to: sink, stop: ShutdownRequest())
        let early = store.marked
        clock.advance(by: PoisonGuard.span)
        _ = try await watch.parts(of: Sample.laneBatch([3, 4]), to: sink, stop: ShutdownRequest())

        #expect(early == (endedUncleanly ? [.batch(from: Seq(1), sink.name)] : []))
        #expect(store.marked == early)
        #expect(store.standing.isEmpty)
    }

    @Test(
        "of a suspect batch are set for each single event, and the count is cleared when all pass"
    )
    func suspicion() async throws {
        let mark = PoisonMark.batch(from: Seq(1), sink.name)
        let store = MarkStore(endedUncleanly: true, ends: [mark: 3])
        let watch = try await watch(store)

        let parts = try await watch.parts(of: Sample.laneBatch([1, 2, 3]), to: sink, stop: ShutdownRequest())

        #expect(parts.count == 3)
        #expect(store.marked == [1, 2, 3].map { .event(Seq($0), sink.name) })
        #expect(store.cleared.contains(mark))
    }

    private static let older = PoisonMark.derivation(after: Seq(0))
    private static func single(_ index: Int) -> PoisonMark { .record("key \(index)", Sample.activities.name) }

    private func derive(_ store: MarkStore, stop: ShutdownRequest = ShutdownRequest()) async throws
        -> [Event]?
    {
        try await watch(store).events(
            under: Self.older,
            singles: { (0..<3).map(Self.single) },
            count: 3,
            stop: stop
        ) { Sample.event("\($0)", isReadable: !$1) }
    }

    @Test("older records are parsed again under a mark, and without one after a clean end")
    func derivation() async throws {
        let store = MarkStore(endedUncleanly: true)
        #expect(try await derive(store)?.map(\.isReadable) == [true, true, true])
        #expect(store.marked == [Self.older])
        #expect(store.standing.isEmpty)

        let clean = MarkStore(endedUncleanly: false)
        #expect(try await derive(clean)?.count == 3)
        #expect(clean.marked.isEmpty)
    }

    @Test(
        "an older record that has crashed the process is not parsed again",
        arguments: [true, false]
    )
    func trapped(endedUncleanly: Bool) async throws {
        let store = MarkStore(endedUncleanly: endedUncleanly, ends: [Self.single(1): 3])
        #expect(try await derive(store)?.map(\.isReadable) == [true, false, true])
        #expect(!store.marked.contains(Self.single(1)))
    }

    @Test("suspect older records are parsed one by one first")
    func suspectedRecords() async throws {
        let store = MarkStore(endedUncleanly: true, ends: [Self.older: 3, Self.single(2): 3])
        #expect(try await derive(store)?.map(\.isReadable) == [true, true, false])
        #expect(store.marked == [Self.single(0), Self.single(1), Self.older])
    }

    @Test("older records are not parsed after a stop")
    func derivationStops() async throws {
        let stop = ShutdownRequest()
        stop.ask()
        #expect(try await derive(MarkStore(endedUncleanly: true), stop: stop) == nil)
    }

    @Test("a stopped loop sets no marks, and returns nothing to send")
    func stop() async throws {
        let store = MarkStore(endedUncleanly: true)
        let stop = ShutdownRequest()
        stop.ask()

        let parts = try await watch(store).parts(of: Sample.laneBatch([1]), to: sink, stop: stop)

        #expect(parts.isEmpty)
        #expect(store.marked.isEmpty)
    }
}

/// Records which marks are set and cleared.
private final class MarkStore: PoisonMarkStore {
    let endedUncleanly: Bool
    private let ends: [PoisonMark: Int]
    private let calls = Mutex<(marked: [PoisonMark], cleared: [PoisonMark])>(([], []))

    init(endedUncleanly: Bool, ends: [PoisonMark: Int] = [:]) {
        self.endedUncleanly = endedUncleanly
        self.ends = ends
    }

    var marked: [PoisonMark] { calls.withLock { $0.marked } }
    var cleared: [PoisonMark] { calls.withLock { $0.cleared } }
    var standing: Set<PoisonMark> { Set(marked).subtracting(cleared) }

    func mark(_ mark: PoisonMark, at: Timestamp) async throws(StoreError) {
        calls.withLock { $0.marked.append(mark) }
    }

    func clear(_ mark: PoisonMark) async throws(StoreError) { calls.withLock { $0.cleared.append(mark) } }

    func marksOfUncleanEnds() async throws(StoreError) -> [PoisonMark: Int] { ends }
}
