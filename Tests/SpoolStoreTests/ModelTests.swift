import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

/// Random operations on the spool and on arrays; after each, both must agree.
@Suite struct ModelTests {
    /// One stream as arrays.
    private struct Stream {
        var events: [(seq: Int64, id: String, created: Int)] = []
        var known: Set<String> = []
        /// Ids deleted by retention, which are not inserted again.
        var deleted: Set<String> = []
        var prunedTo = Int.min
        var watermarks: [SinkID: Int64] = [:]
        var dead: [SinkID: Set<Int64>] = [:]
        var inserted = 0
    }

    @Test("the spool behaves like the arrays", arguments: 1...8)
    func agrees(seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let test = try TestSpool()
        let registration = try await test.register(streams: ["a/x", "b/x"], sinks: ["one", "two"])
        var model: [StreamID: Stream] = [:]
        let streams = registration.streams.values.sorted()
        let sinks = registration.sinks.values.sorted()
        for stream in streams {
            try await test.spool.begin(stream, start: .t0, sweptTo: .t(1 << 30))
            model[stream] = Stream(watermarks: Dictionary(uniqueKeysWithValues: sinks.map { ($0, 0) }))
        }
        var lastSeq: Int64 = 0
        for _ in 0..<120 {
            let stream = streams[Int.random(in: 0..<streams.count, using: &generator)]
            let sink = sinks[Int.random(in: 0..<sinks.count, using: &generator)]
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<4:
                let times = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                    Int.random(in: 0..<300, using: &generator)
                }
                try await append(times, to: stream, test, &model, &lastSeq)
            case 4..<8:
                let limit = Int.random(in: 1...9, using: &generator)
                let isRefused = Int.random(in: 0..<6, using: &generator) == 0
                try await deliver(stream, to: sink, limit, isRefused, test, &model)
            case 8:
                let age = Int.random(in: 0..<300, using: &generator)
                try await prune(olderThan: age, streams, test, &model)
            default:
                let letters = try await test.spool.deadLetters()
                guard let letter = letters.randomElement(using: &generator) else { continue }
                let id = try #require(registration.sinks[letter.sink])
                let owner = try #require(registration.streams[letter.stream])
                _ = try await test.spool.dismiss([letter.seq], of: letter.sink, at: .t(5))
                model[owner]?.dead[id]?.remove(letter.seq.value)
            }
            try await compare(streams, sinks, test, model)
        }
        #expect(try await test.value(String.self, "PRAGMA integrity_check") == "ok")
    }

    private func append(
        _ times: [Int],
        to stream: StreamID,
        _ test: TestSpool,
        _ model: inout [StreamID: Stream],
        _ lastSeq: inout Int64
    ) async throws {
        let receipt = try await test.append(stream, times.map { .at($0) })
        // A known record may use up a number; numbers only grow.
        var seqs = try await test.values("SELECT seq FROM event WHERE seq > ? ORDER BY seq", [lastSeq])[...]
        lastSeq = seqs.last ?? lastSeq
        var inserted = 0
        for time in times {
            let isDeleted =
                time < model[stream]?.prunedTo ?? 0 && model[stream]?.deleted.contains("e\(time)") == true
            guard model[stream]?.known.contains("e\(time)") == false, !isDeleted else { continue }
            model[stream]?.known.insert("e\(time)")
            let seq = seqs.popFirst()
            model[stream]?.events.append((try #require(seq), "e\(time)", time))
            model[stream]?.inserted += 1
            inserted += 1
        }
        #expect(seqs.isEmpty)
        #expect(receipt.inserted == inserted)
    }

    private func deliver(
        _ stream: StreamID,
        to sink: SinkID,
        _ limit: Int,
        _ isRefused: Bool,
        _ test: TestSpool,
        _ model: inout [StreamID: Stream]
    ) async throws {
        let subscription = try #require(
            try await test.spool.subscriptions(of: sink).first { $0.stream == stream }
        )
        let before = try #require(model[stream]?.watermarks[sink])
        let expected = try #require(model[stream]).events.filter { $0.seq > before }.prefix(limit)
        let batch = try await test.spool.batch(
            of: stream,
            after: subscription.watermark,
            limit: BatchLimit(events: limit),
            raw: false
        )
        #expect(batch?.ids ?? [] == expected.map(\.id))
        #expect(batch?.seqs ?? [] == expected.map(\.seq))
        guard let batch, let first = batch.first, let last = batch.last else { return }
        var commit = DeliveryCommit(sink: sink, at: .t(10))
        let refusal = Outcome.refused(Refusal(reason: "rejected", detail: ""))
        commit.entries = [
            .live(
                stream,
                first,
                last,
                events: batch.count,
                outcome: isRefused ? refusal : .delivered(.acknowledged)
            )
        ]
        commit.watermarks = [subscription.id: last]
        try await test.spool.settle(commit)
        model[stream]?.watermarks[sink] = last.value
        if isRefused { model[stream]?.dead[sink, default: []].formUnion(batch.seqs) }
    }

    private func prune(
        olderThan age: Int,
        _ streams: [StreamID],
        _ test: TestSpool,
        _ model: inout [StreamID: Stream]
    ) async throws {
        let now = Dictionary(
            uniqueKeysWithValues: streams.map { ($0, SourceTime(date: .t(300), sweepsBack: .zero)) }
        )
        let report = try await test.spool.prune(now: now, age: .seconds(age))
        var gone = 0
        for stream in streams {
            guard var state = model[stream] else { continue }
            let floor = state.watermarks.values.min() ?? 0
            let dead = state.dead.values.reduce(into: Set<Int64>()) { $0.formUnion($1) }
            let doomed = state.events.filter {
                $0.created < 300 - age && $0.seq <= floor && !dead.contains($0.seq)
            }
            let seqs = Set(doomed.map(\.seq))
            state.events.removeAll { seqs.contains($0.seq) }
            state.known.subtract(doomed.map(\.id))
            state.deleted.formUnion(doomed.map(\.id))
            if let newest = doomed.map(\.created).max() { state.prunedTo = max(state.prunedTo, newest + 1) }
            gone += doomed.count
            model[stream] = state
        }
        #expect(report.events == gone)
    }

    private func compare(
        _ streams: [StreamID],
        _ sinks: [SinkID],
        _ test: TestSpool,
        _ model: [StreamID: Stream]
    ) async throws {
        let status = try await test.spool.status()
        for stream in streams {
            let state = try #require(model[stream])
            let row = try #require(status.streams.first { $0.id == stream })
            #expect(row.kept == state.events.count)
            #expect(row.inserted == state.inserted)
            for sink in sinks {
                let subscription = try #require(
                    status.sinks.first { $0.id == sink }?.subscriptions.first { $0.stream == row.name }
                )
                let watermark = try #require(state.watermarks[sink])
                #expect(subscription.watermark.value == watermark)
                #expect(subscription.waiting == state.events.filter { $0.seq > watermark }.count)
            }
        }
        for sink in sinks {
            let dead = model.values.reduce(into: Set<Int64>()) { $0.formUnion($1.dead[sink] ?? []) }
            #expect(status.sinks.first { $0.id == sink }?.deadLetters == dead.count)
        }
        // Each row is deleted with its last event, so every row covers an event.
        let stale = try await test.value(
            Int.self,
            """
            SELECT count(*) FROM ledger l WHERE NOT EXISTS (SELECT 1 FROM event e
                WHERE e.stream_id = l.stream_id AND e.seq BETWEEN l.first_seq AND l.last_seq)
            """
        )
        #expect(stale == 0)
    }
}
