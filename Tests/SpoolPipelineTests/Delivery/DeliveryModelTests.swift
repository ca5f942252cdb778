import SpoolCore
import SpoolTestSupport
import Synchronization
import Testing

@testable import SpoolPipeline

/// A receiver with random behaviour from a seeded generator.
///
/// It delays, loses and refuses batches and requests pauses, and records the accepted events.
private final class MoodyReceiver: Sendable {
    private struct State {
        var random: SeededGenerator
        var taken: Set<Seq> = []
        var isKind = false
    }

    private let state: Mutex<State>
    /// The events that it always refuses.
    let poison: Set<Seq>

    init(seed: UInt64, poison: Set<Seq>) {
        state = Mutex(State(random: SeededGenerator(seed: seed)))
        self.poison = poison
    }

    var taken: Set<Seq> { state.withLock { $0.taken } }

    /// From now on it accepts everything except poison.
    func becomeKind() { state.withLock { $0.isKind = true } }

    func draw(_ bound: Int) -> Int { state.withLock { Int.random(in: 0..<bound, using: &$0.random) } }

    func play(_ session: ScriptedSession, _ seqs: [Seq]) {
        let mood = state.withLock { $0.isKind ? 0 : Int.random(in: 0..<12, using: &$0.random) }
        switch mood {
        case 0...6: catchUp(session)
        case 7:
            // The events are accepted, but the session is lost before the answer, so they are sent again.
            state.withLock { $0.taken.formUnion(seqs.filter { !poison.contains($0) }) }
            session.end(draw(2) == 0 ? .reset : .closedByPeer)
        case 8:
            guard let oldest = session.oldestUnsettled else { return }
            let half = oldest.prefix(oldest.count / 2)
            session.settle(answer(half) + [.retry(oldest.count - half.count)])
        case 9: session.end(SinkFault(.misconfigured, "403"))
        case 10: session.end(SinkFault(.throttled(.seconds(3)), "429"))
        default: break
        }
    }

    /// Answers the unsettled batches, per event, or sometimes as a whole if they contain poison.
    func catchUp(_ session: ScriptedSession) {
        while let seqs = session.oldestUnsettled {
            let bad = seqs.filter(poison.contains)
            if !bad.isEmpty, draw(2) == 0 { return session.refuseWhole() }
            session.settle(answer(seqs[...]))
        }
    }

    /// Accepts all events except poison.
    private func answer(_ seqs: ArraySlice<Seq>) -> [OutcomeRun] {
        state.withLock { $0.taken.formUnion(seqs.filter { !poison.contains($0) }) }
        return seqs.map { poison.contains($0) ? .refused(1) : .delivered(1) }
    }
}

@Suite("Delivery under random faults", .timeLimit(.minutes(5)))
struct DeliveryModelTests {
    @Test("gives every event exactly one final outcome, whatever fails in any order", arguments: 1...40)
    func model(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let poison = Set((0..<4).map { _ in Seq(Int64.random(in: 1...200, using: &random)) })
        let receiver = MoodyReceiver(seed: UInt64(seed) &+ 1_000, poison: poison)
        let sink = ScriptedSink(batch: Int.random(in: 1...9, using: &random)) { session, _, seqs in
            receiver.play(session, seqs)
        }
        let bench = DeliveryBench(sink, chance: 0.7)
        bench.store.subscribe(2)
        let pauses = Task { try await bench.passAllPauses() }
        defer { pauses.cancel() }

        for round in 0..<6 {
            // A new loop in each round, as after a restart of the process.
            let stop = ShutdownRequest()
            let loop = bench.loop()
            let run = Task { try await loop.run(stop: stop) }
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bench.append(
                    Int.random(in: 1...7, using: &random),
                    stream: Int64.random(in: 1...2, using: &random)
                )
                if Int.random(in: 0..<6, using: &random) == 0 { bench.store.fail(.settle, .full, times: 2) }
                if Int.random(in: 0..<6, using: &random) == 0 { bench.store.fail(.batch, .busy) }
                for _ in 0..<Int.random(in: 0...30, using: &random) { await Task.yield() }
                if let last = sink.sessions.last, random.next() % 3 == 0 { receiver.catchUp(last) }
            }
            if round == 5 {
                receiver.becomeKind()
                while !bench.store.read({ MemoryStore.isDrained($0) }) {
                    // Batches that were left unsettled earlier are lost with their session.
                    let last = sink.sessions.last
                    for _ in 0..<50 { await Task.yield() }
                    if let last, !last.isOver, last.oldestUnsettled != nil { last.end(.reset) }
                }
            }
            stop.ask()
            try await run.value
        }

        #expect(bench.store.findings() == [], "seed \(seed)")
        let all = bench.store.read { Set($0.events.map(\.seq)) }
        let dead = bench.store.read { $0.deadLetters[SinkID(1)] ?? [] }
        #expect(dead == poison.intersection(all), "seed \(seed)")
        #expect(all.subtracting(receiver.taken).subtracting(dead) == [], "seed \(seed)")
        #expect(receiver.taken.isDisjoint(with: dead), "seed \(seed)")
        #expect(!sink.sessions.contains { !$0.isOver }, "seed \(seed)")
    }

    @Test("completes a replay with its whole window sent, under the same faults", arguments: 1...15)
    func replay(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let receiver = MoodyReceiver(seed: UInt64(seed) &+ 2_000, poison: [])
        let sink = ScriptedSink(batch: 4) { session, _, seqs in receiver.play(session, seqs) }
        let bench = DeliveryBench(sink, chance: 0.7)
        for _ in 0..<12 {
            let age = Duration.days(Int.random(in: 0...1, using: &random) * 9)
            bench.store.spool(Int.random(in: 1...9, using: &random), occurred: Sample.now - age)
        }
        receiver.becomeKind()
        try await bench.run { await bench.store.until { MemoryStore.isDrained($0) } }
        let window = ReplayRequest(sink: SinkName("siem"), from: Sample.now, to: Sample.now + .days(1))
        _ = try await bench.store.create(window, at: Sample.now)

        let moody = MoodyReceiver(seed: UInt64(seed) &+ 3_000, poison: [])
        let again = ScriptedSink(batch: 4) { session, _, seqs in moody.play(session, seqs) }
        let stop = ShutdownRequest()
        let loop = DeliveryLoop(
            sink: again,
            id: SinkID(1),
            store: bench.store,
            time: bench.time,
            appended: bench.appended,
            lanesChanged: bench.lanesChanged,
            logger: DeliveryBench.silent
        )
        let pauses = Task { try await bench.passAllPauses() }
        defer { pauses.cancel() }
        let run = Task { try await loop.run(stop: stop) }
        while bench.store.read({ $0.replays.first?.state }) != .disabled {
            for _ in 0..<50 { await Task.yield() }
            if let last = again.sessions.last, last.oldestUnsettled != nil { last.end(.reset) }
        }
        stop.ask()
        try await run.value

        let inside = bench.store.read { tables in
            Set(tables.events.filter { $0.event.occurred >= Sample.now }.map(\.seq))
        }
        let rows = bench.store.read { $0.ledger.map(\.entry).filter { $0.replay != nil } }
        #expect(rows.reduce(0) { $0 + $1.events } == inside.count, "seed \(seed)")
        #expect(bench.store.read { $0.replays.first?.sent } == inside.count, "seed \(seed)")
        #expect(moody.taken.symmetricDifference(inside) == [], "seed \(seed)")
        #expect(bench.store.findings() == [], "seed \(seed)")
    }
}
