import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolPipeline

@Suite("Doubt window", .timeLimit(.minutes(5)))
struct DoubtWindowTests {
    @Test("waits for a proof from the first settlement, however long ago that was")
    func quiet() {
        var window = DoubtWindow(bytes: 1_000)

        for minute in 0..<600 { _ = window.settle(upTo: Int64(minute + 1), at: .seconds(60 * minute)) }

        #expect(window.oldest == .zero)
    }

    @Test("bytes that the receiver's kernel can no longer hold are proved by the bytes that followed")
    func passed() {
        var window = DoubtWindow(bytes: 1_000)

        let proofs = [
            window.settle(upTo: 600, at: .seconds(0)), window.settle(upTo: 1_599, at: .seconds(10)),
            window.settle(upTo: 1_600, at: .seconds(20)), window.settle(upTo: 3_000, at: .seconds(30)),
        ]

        #expect(proofs == [false, false, true, true])
        #expect(window.oldest == .seconds(30))
    }

    @Test("settlements within one second count as one, with the first time and the last position")
    func crowd() {
        var window = DoubtWindow(bytes: 1_000)
        for index in 0..<900 { _ = window.settle(upTo: Int64(index), at: .milliseconds(index)) }

        let before = window.settle(upTo: 1_898, at: .seconds(5))
        let oldest = window.oldest
        let after = window.settle(upTo: 1_899, at: .seconds(7))

        #expect(!before && oldest == .zero)
        #expect(after && window.oldest == .seconds(5))
    }

    @Test("a destination whose kernel loses nothing needs no proof")
    func none() {
        var window = DoubtWindow(bytes: 0)

        let isProof = window.settle(upTo: 10, at: .zero)

        #expect(!isProof && window.oldest == nil)
    }

    @Test("a connection ended because of a mass refusal has not ended cleanly")
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
