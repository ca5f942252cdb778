import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Lags of events")
struct LagTests {
    @Test(
        "a lag is counted in the bucket of the smallest bound that is not below it",
        arguments: [
            (0, 0), (1_000, 0), (1_001, 1), (60_000, 4), (86_400_000, 11), (86_400_001, 12), (-5, 0),
        ] as [(Int64, Int)]
    )
    func bounds(milliseconds: Int64, index: Int) {
        var histogram = LagHistogram()

        histogram.add(milliseconds: milliseconds, events: 2)

        #expect(histogram.counts[index] == 2)
        #expect(histogram.count == 2)
        #expect(histogram.sum == max(0, milliseconds) * 2)
    }

    @Test("new events are measured once, in slices of any size", arguments: [1, 2, 100])
    func slices(limit: Int) async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, [.at(1)])
        try await test.spool.deliver(sink)
        var position = try await test.spool.lagPosition()
        // Created 10, 20 and 30 s after t0, fetched at 40 and at 4,000.
        try await test.append(stream, fetched: 40, [.at(10), .at(20)])
        try await test.append(stream, fetched: 4_000, [.at(30)])
        try await test.spool.deliver(sink, limit: 2, settled: .t(41))
        try await test.spool.deliver(sink, limit: 1, settled: .t(4_100))

        var fetched = LagHistogram()
        var settled = LagHistogram()
        var isCut = true
        while isCut {
            let slice = try await test.spool.lags(after: position, limit: limit * 10)
            (position, isCut) = (slice.next, slice.isCut)
            slice.streams[stream].map { fetched.add($0) }
            slice.sinks[sink].map { settled.add($0) }
        }

        #expect(fetched.count == 3)
        #expect(fetched.sum == 30_000 + 20_000 + 3_970_000)
        #expect(settled.count == 3)
        #expect(settled.sum == 1_000 * 2 + 100_000)
        let again = try await test.spool.lags(after: position)
        #expect(again.streams.isEmpty && again.sinks.isEmpty && !again.isCut)
    }

    @Test("a ledger row that covers events of very different ages counts each in its own bucket")
    func mixed() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let position = try await test.spool.lagPosition()
        try await test.append(stream, fetched: 100, [.at(1), .at(2)])
        try await test.append(stream, fetched: 5_000, [.at(3)])
        try await test.spool.deliver(sink, settled: .t(5_001))

        let settled = try #require(try await test.spool.lags(after: position).sinks[sink])

        #expect(settled.counts[0] == 1)
        #expect(settled.counts[LagHistogram.index(4_901_000)] == 2)
        #expect(settled.sum == 4_901_000 * 2 + 1_000)
    }

    @Test("rows whose events have to be read individually are measured a few at a time, each once")
    func bounded() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let position = try await test.spool.lagPosition()
        for row in 0..<3 {
            try await test.append(stream, fetched: 100 + row, (0..<10).map { .at(row * 100 + $0) })
            try await test.append(stream, fetched: 5_000 + row, (10..<20).map { .at(row * 100 + $0) })
            try await test.spool.deliver(sink, settled: .t(5_010))
        }

        let first = try await test.spool.lags(after: position, limit: 20)
        var (next, count, isCut) = (first.next, first.sinks[sink]?.count ?? 0, first.isCut)
        while isCut {
            let slice = try await test.spool.lags(after: next, limit: 20)
            (next, isCut) = (slice.next, slice.isCut)
            count += slice.sinks[sink]?.count ?? 0
        }

        #expect(first.sinks[sink]?.count == 20)
        #expect(first.isCut)
        #expect(count == 60)
    }

    @Test("replays are not measured")
    func replays() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, fetched: 100, [.at(1)])
        try await test.spool.deliver(sink)
        let position = try await test.spool.lagPosition()
        let replay = try await test.spool.create(
            ReplayRequest(sink: SinkName("siem"), from: .t(0), to: .t(9)),
            at: .t(200)
        )
        var commit = DeliveryCommit(sink: sink, at: .t(300))
        commit.entries = [.live(stream, Seq(1), Seq(1), events: 1, replay: replay.id, settled: .t(300))]
        try await test.spool.settle(commit)

        #expect(try await test.spool.lags(after: position).sinks.isEmpty)
    }

    @Test("after retention has deleted the newest ledger rows, the next ones are still measured")
    func repeatedLedgerIDs() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        try await test.append(stream, fetched: 100, [.at(1)])
        try await test.spool.deliver(sink)
        let position = try await test.spool.lagPosition()
        try await test.spool.write { try $0.execute(sql: "DELETE FROM ledger") }
        let emptied = try await test.spool.lags(after: position).next
        try await test.append(stream, fetched: 200, [.at(2)])
        try await test.spool.deliver(sink, settled: .t(201))

        #expect(try await test.spool.lags(after: emptied).sinks[sink]?.count == 1)
    }
}

extension TestSpool {
    /// Spools one page that was fetched this many seconds after `t0`.
    func append(_ stream: StreamID, fetched: Int, _ events: [Event]) async throws {
        try await spool.append(.poll(stream, events, to: .t(fetched)))
    }
}
