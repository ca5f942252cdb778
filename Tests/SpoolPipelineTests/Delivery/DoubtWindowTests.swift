import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("What is doubtful after an unclean end", .timeLimit(.minutes(5)))
struct DoubtWindowTests {
    private let start = Sample.now

    @Test("counts 60 s back from the last settlement")
    func span() {
        var window = DoubtWindow()

        #expect(window.settled(at: .seconds(0), wall: start) == start - .seconds(60))
        #expect(window.settled(at: .seconds(100), wall: start + .seconds(100)) == start + .seconds(40))
        #expect(window.settled(at: .seconds(101), wall: start + .seconds(101)) == start + .seconds(41))
    }

    @Test("a step of the wall clock makes nothing of the last 60 s certain, forwards or backwards")
    func steps() {
        for step in [Duration.days(1), .zero - .days(1)] {
            var window = DoubtWindow()
            var settled: [(elapsed: Int, wall: Timestamp)] = []
            for second in stride(from: 0, through: 300, by: 10) {
                let wall = start + .seconds(second) + (second > 150 ? step : .zero)
                settled.append((second, wall))
                let bound = window.settled(at: .seconds(second), wall: wall)

                let recent = settled.filter { $0.elapsed >= second - 60 }
                #expect(recent.allSatisfy { $0.wall >= bound }, "\(second) s, step \(step)")
            }
        }
    }

    @Test("a step is forgotten once it lies further back, so that the old is certain again")
    func stepPasses() {
        var window = DoubtWindow()
        _ = window.settled(at: .seconds(0), wall: start)

        let bound = window.settled(at: .seconds(61), wall: start + .days(1))

        #expect(bound == start + .days(1) - .seconds(60))
    }

    @Test("many settlements of one second count with the earliest of them")
    func crowd() {
        var window = DoubtWindow()
        for index in 0..<900 {
            _ = window.settled(at: .milliseconds(index), wall: start + .milliseconds(index))
        }

        let bound = window.settled(at: .seconds(30), wall: start + .days(1))

        #expect(bound == start)
    }

    @Test("the loop writes the bound with each settlement")
    func written() async throws {
        let bench = DeliveryBench()
        bench.store.spool(3)

        try await bench.run {
            let session = await bench.sink.session(0)
            await session.sent(1)
            session.settle()
            await bench.store.until { MemoryStore.isDrained($0) }
        }

        #expect(bench.store.read { $0.doubtFrom } == [start - .seconds(60)])
    }

    @Test("a connection that we end because the receiver refuses too much has not ended cleanly")
    func hold() async throws {
        let bench = DeliveryBench(ScriptedSink(batch: 30))
        bench.store.spool(30)

        try await bench.run {
            let session = await bench.sink.session(0)
            await session.sent(1)
            session.settle([.refused(30)])
            await bench.store.until { $0.reports.last?.state == .held }
        }

        #expect(bench.store.read { $0.connections.first?.clean } == false)
    }
}
