import SpoolCore
import SpoolPipeline
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolEngine
@testable import SpoolEngineTestSupport

@Suite("Records that could not be understood, in a proof")
struct UnreadableProofTests {
    /// A page of one record that could be understood, and of those of these ids that could not.
    private static func page(_ unreadable: [String], at time: Timestamp) -> Page {
        let events =
            [Event(externalID: "a", kind: .activity, occurred: time, created: time)]
            + unreadable.map {
                Self.unreadable($0, at: time)
            }
        let records = events.indices.map { PageRecord(raw: $0..<$0 + 1, event: events[$0]) }
        return Page(
            body: Array(repeating: UInt8(ascii: "0"), count: events.count),
            records: records,
            date: time,
            next: nil
        )
    }

    private static func unreadable(_ id: String, at time: Timestamp) -> Event {
        var event = Event(externalID: id, kind: .activity, occurred: time, created: time)
        event.isReadable = false
        return event
    }

    @Test("are in the lists of source, spool and sink, and one that was never fetched is missing")
    func compared() async throws {
        try await PortalBench.with { bench in
            try await bench.withSpool { spool in
                let (time, sink) = (PortalBench.begin, SinkName("siem"))
                let name = StreamName(source: "contoso", stream: "activities")
                let registration = try await spool.register(
                    Topology(
                        streams: [.init(name: name, kind: .activity, filterHash: "f")],
                        sinks: [.init(name: sink, type: "test", streams: [name])]
                    ),
                    at: time
                )
                let stream = try #require(registration.streams[name])
                try await spool.begin(stream, start: time - .days(1), sweptTo: time)
                let scan = Scan(reason: .poll, from: time - .days(1), to: nil, filterHash: "f")
                _ = try await spool.append(
                    PageCommit(
                        stream: stream,
                        page: Self.page(["bad"], at: time),
                        scan: scan,
                        windowEnd: time,
                        ended: .complete,
                        progress: StreamProgress(start: time - .days(1), cursor: Cursor(since: time)),
                        fetched: time
                    )
                )
                let scratch = try ProofScratch(beside: spool.path)
                defer { scratch.close() }
                let window = time - .hours(1)..<time + .hours(1)
                let ids = SourceIDs(scratch: scratch, window: window) { _, _ in }

                _ = try await ids.take(Self.page(["bad", "lost"], at: time), of: scan, ended: .complete)
                let slice = try await spool.proofSlice(
                    of: stream,
                    at: .init(from: window.lowerBound),
                    to: window.upperBound,
                    try await spool.proofTargets(of: stream)
                )
                try await scratch.addSpooled(slice.rows)
                let lists = try await scratch.lists(after: "", sinks: 1)

                #expect(String(decoding: lists.source, as: UTF8.self) == "a\nbad\nlost\n")
                #expect(String(decoding: lists.spool, as: UTF8.self) == "a\nbad\n")
                #expect(slice.rows.map(\.standings) == [[.waiting], [.waiting]])
                #expect(try await scratch.unknown(after: "").map(\.id) == ["lost"])
                #expect(ids.unreadable == 2)
            }
        }
    }
}
