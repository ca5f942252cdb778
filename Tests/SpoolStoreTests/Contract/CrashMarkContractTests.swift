import SpoolCore
import Testing

@Suite("The contract of crash marks") struct CrashMarkContractTests {
    private let page = PoisonMark(step: .page, subject: "a/x", place: "from 1")
    private let batch = PoisonMark(step: .batch, subject: "siem", place: "from 7")

    @Test("unclean ends under a mark count, start after start", arguments: StoreKind.allCases)
    func counts(_ kind: StoreKind) async throws {
        var bench = try await StoreBench(kind)
        let isFirstClean = !bench.store.endedUncleanly
        for second in 1...3 {
            try await bench.store.mark(page, at: .t(second))
            try await bench.store.mark(batch, at: .t(second))
            try await bench.store.clear(batch)
            bench = try await bench.reopened(cleanly: false)
        }

        #expect(isFirstClean && bench.store.endedUncleanly)
        #expect(try await bench.store.marksOfUncleanEnds() == [page: 3])
    }

    @Test("a clean end, and one after the step, do not count", arguments: StoreKind.allCases)
    func innocent(_ kind: StoreKind) async throws {
        var bench = try await StoreBench(kind)
        try await bench.store.mark(page, at: .t(1))
        bench = try await bench.reopened(cleanly: true)
        let isClean = !bench.store.endedUncleanly
        try await bench.store.mark(batch, at: .t(2))
        try await bench.store.clear(batch)

        bench = try await bench.reopened(cleanly: false)

        #expect(isClean && bench.store.endedUncleanly)
        #expect(try await bench.store.marksOfUncleanEnds().isEmpty)
    }

    @Test("a mark that is not set again keeps its count, until it is cleared", arguments: StoreKind.allCases)
    func clears(_ kind: StoreKind) async throws {
        var bench = try await StoreBench(kind)
        try await bench.store.mark(page, at: .t(1))
        for _ in 1...2 { bench = try await bench.reopened(cleanly: false) }
        let kept = try await bench.store.marksOfUncleanEnds()

        try await bench.store.clear(page)

        #expect(kept == [page: 1])
        #expect(try await bench.store.marksOfUncleanEnds().isEmpty)
    }
}
