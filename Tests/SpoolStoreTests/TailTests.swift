import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("Tailing events and settlements")
struct TailTests {
    @Test("events after a position and before it, in slices")
    func events() async throws {
        let test = try TestSpool()
        let stream = try #require(try await test.register().streams.values.first)
        try await test.append(stream, (1...5).map { .at($0) })

        let first = try await test.spool.tail(after: Seq(0), limit: 2)
        let rest = try await test.spool.tail(after: try #require(first.last).seq, limit: 10)
        let back = try await test.spool.tail(before: try #require(rest.last).seq, limit: 2)

        #expect(first.map(\.id) == ["e1", "e2"] && rest.map(\.id) == ["e3", "e4", "e5"])
        #expect(back.map(\.id) == ["e4", "e3"])
        #expect(try await test.spool.greatestSeq() == rest.last?.seq)
    }

    @Test("settlements in the order of settling, each with exactly its events")
    func settlements() async throws {
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/activities", "b/activities"])
        let sink = try #require(registration.sinks.values.first)
        let (a, b) = (
            try #require(registration.streams[StreamName(source: "a", stream: "activities")]),
            try #require(registration.streams[StreamName(source: "b", stream: "activities")])
        )
        try await test.append(a, [.at(1, "a1")])
        try await test.append(b, [.at(2, "b1")])
        try await test.append(a, [.at(3, "a2")])
        try await test.spool.deliver(sink)

        let settlements = try await test.spool.settlements(after: 0, limit: 10)
        var ids: [[String]] = []
        for settlement in settlements {
            ids.append(try await test.spool.tail(of: settlement, after: Seq(0), limit: 10).map(\.id))
        }

        #expect(Set(ids) == [["a1", "a2"], ["b1"]])
        #expect(settlements.allSatisfy { $0.outcome == "delivered" && $0.evidence == "acknowledged" })
        #expect(
            try await test.spool.settlements(before: settlements[1].row, limit: 5).map(\.row) == [
                settlements[0].row
            ]
        )
        #expect(try await test.spool.greatestLedgerRow() == settlements[1].row)
    }

    @Test("what retention would delete is counted without deleting it, and equals what it then deletes")
    func prunable() async throws {
        let test = try TestSpool()
        let registration = try await test.register()
        let stream = try #require(registration.streams.values.first)
        let sink = try #require(registration.sinks.values.first)
        try await test.append(stream, (1...600).map { .at($0) })
        try await test.spool.deliver(sink)
        let late = Timestamp.t(400) + .days(30)
        let now = [stream: SourceTime(date: late, sweepsBack: .zero)]
        var progress = try await test.spool.progress(of: stream)
        progress.sweptTo = late
        try await test.spool.write { [progress] db in
            try db.execute(
                sql: "UPDATE stream SET swept_to_ms = ? WHERE id = ?",
                arguments: [progress.sweptTo?.milliseconds, stream.value]
            )
        }

        let would = try await test.spool.prunable(now: now, at: .t(900_000), age: .days(30))
        let kept = try await test.value(Int.self, "SELECT count(*) FROM event")
        let report = try await test.spool.prune(now: now, age: .days(30))

        #expect(would == [stream: 399] && kept == 600)
        #expect(report.events == 399)
    }
}
