import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

/// The limit of the size, and the space that retention frees.
@Suite struct RetentionSizeTests {
    @Test("above 80 % of its size the oldest settled events of all streams are deleted regardless of age")
    func bySize() async throws {
        let (test, first, sink) = try await RetentionBench.make(streams: ["a/x", "b/x"], maxBytes: 12 << 20)
        let ids = try await test.spool.status().streams.map(\.id)
        let second = try #require(ids.first { $0 != first })
        let raw = String(repeating: "x", count: 1_500)
        for page in 0..<30 {
            try await test.append(first, (0..<100).map { .at(page * 200 + $0) }) { _ in raw }
            try await test.append(second, (0..<100).map { .at(page * 200 + 100 + $0) }) { _ in raw }
        }
        for _ in 0..<4 { try await test.spool.deliver(sink) }
        let now = [first: .t(900_000), second: .t(900_000)].mapValues { (date: Timestamp) in
            SourceTime(date: date, sweepsBack: .zero)
        }

        let report = try await test.spool.prune(now: now, age: .days(30))

        #expect(report.bytesInUse <= Int64(Double(12 << 20) * Retention.pressure))
        #expect(report.events > 0 && report.events < 6_000)
        let oldest = try await test.values("SELECT min(created_ms) FROM event GROUP BY stream_id")
        try #require(oldest.count == 2)
        // Two seconds per event, and one slice at a time.
        #expect(abs(oldest[0] - oldest[1]) <= Int64(Retention.slice) * 2_000)
    }

    @Test("fetching pauses at the size limit and resumes below 90 % of it")
    func pausesAtSize() {
        var gate = PauseGate(maxBytes: 1_000, lowDiskBytes: 100)

        let steps: [(used: Int64, free: Int64, hasReserve: Bool, isClosed: Bool)] = [
            (999, 500, true, false), (1_000, 500, true, true), (900, 500, true, true),
            (899, 500, true, false),
            (0, 99, true, true), (0, 199, true, true), (0, 200, true, false), (0, 500, false, true),
        ]

        for step in steps {
            let isClosed = gate.update(used: step.used, free: step.free, hasReserve: step.hasReserve)
            #expect(isClosed == step.isClosed, "\(step)")
        }
    }

    @Test("the spool's size limit pauses fetching until retention has freed space")
    func mustPause() async throws {
        let (test, stream, sink) = try await RetentionBench.make(maxBytes: 1 << 20)
        let raw = String(repeating: "x", count: 2_000)
        let before = try await test.spool.mustPause()
        try await test.append(stream, (0..<600).map { .at($0) }) { _ in raw }

        let full = try await test.spool.mustPause()
        try await test.spool.deliver(sink)
        _ = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .days(30))

        #expect(!before)
        #expect(full)
        #expect(try await test.spool.mustPause() == false)
    }

    @Test("a size limit that changes while the spool is open applies from then on")
    func limitChanges() async throws {
        let (test, stream, sink) = try await RetentionBench.make(maxBytes: 1 << 20)
        let raw = String(repeating: "x", count: 2_000)
        try await test.append(stream, (0..<600).map { .at($0) }) { _ in raw }
        let full = try await test.spool.mustPause()

        test.spool.limit(to: 1 << 30)
        let raised = try await test.spool.mustPause()
        try await test.spool.deliver(sink)
        let spared = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .days(30))
        test.spool.limit(to: 1 << 20)
        let lowered = try await test.spool.mustPause()
        let taken = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .days(30))

        #expect(full && !raised && lowered)
        #expect(spared.events == 0 && taken.events > 0)
    }

    @Test("space is returned to the file system in slices")
    func givesSpaceBack() async throws {
        let (test, stream, sink) = try await RetentionBench.make()
        let raw = String(repeating: "x", count: 20_000)
        for page in 0..<25 {
            try await test.append(stream, (0..<100).map { .at(page * 100 + $0) }) { _ in raw }
        }
        while try await test.spool.status().sinks[0].waiting > 0 { try await test.spool.deliver(sink) }

        let report = try await test.spool.prune(now: RetentionBench.now(stream, 900_000), age: .zero)

        #expect(report.events == 2_500)
        let free = try await test.value(Int64.self, "PRAGMA freelist_count") ?? 0
        #expect(free <= Retention.sparePages)
    }
}
