import SpoolCore
import Testing

@Suite("The contract of refetches") struct RefetchStoreContractTests {
    /// e1 … e3 delivered to `siem`, and a replay of them that reads its window again.
    private func begun(_ kind: StoreKind, basis: ReplayBasis = .created) async throws
        -> (bench: StoreBench, replay: Replay)
    {
        let bench = try await StoreBench(kind)
        try await bench.append((1...3).map { .at($0) })
        try await bench.deliver(bench.siem)
        let request = ReplayRequest(
            sink: SinkName("siem"),
            from: .t0,
            to: .t(100),
            basis: basis,
            streams: [StreamName(source: "a", stream: "x")],
            refetch: true
        )
        return (bench, try await bench.store.create(request, at: .t(50)))
    }

    private func page(_ bench: StoreBench, _ events: [Event], to stream: StreamID? = nil) -> PageCommit {
        PageCommit(
            stream: stream ?? bench.stream,
            page: .of(events, date: .t(100)),
            scan: Scan(reason: .refetch, from: .t0, to: .t(100), filterHash: "f"),
            windowEnd: .t(100),
            ended: .complete,
            progress: StreamProgress(cursor: Cursor(since: .t(99)), sweptTo: .t(99)),
            fetched: .t(100)
        )
    }

    private func read(_ bench: StoreBench, _ replay: Replay, to end: Int = 100) async throws {
        let place = Refetch.Place(readTo: .t(end), seenTo: .t(end), reader: "{}")
        try await bench.store.keep(place, of: bench.stream, replay.id)
    }

    @Test("it has a part for each stream, and sends nothing yet", arguments: StoreKind.allCases)
    func begins(_ kind: StoreKind) async throws {
        let (bench, replay) = try await begun(kind)
        let (_, occurred) = try await begun(kind, basis: .occurred)

        let part = try #require(replay.refetch?.parts.first)
        #expect(replay.isRefetching && replay.refetch?.parts.count == 1)
        #expect(part.stream == bench.stream && part.from == .t0 && part.to == .t(100))
        #expect(occurred.refetch?.parts.map(\.to) == [.t(100) + Refetch.savedAfter])
        #expect(replay.streams.map(\.position) == [Seq(0)])
    }

    @Test(
        "a page spools what is new, and is counted; the stream's own progress is unchanged",
        arguments: StoreKind.allCases
    )
    func pages(_ kind: StoreKind) async throws {
        let (bench, replay) = try await begun(kind)
        let progress = try await bench.store.progress(of: bench.stream)

        for _ in 1...2 {
            _ = try await bench.store.append(page(bench, [.at(2), .at(9, "new")]), of: replay.id)
        }

        let part = try #require(try await bench.unfinished(replay)?.refetch?.parts.first)
        #expect((part.seen, part.inserted, part.recovered) == (4, 1, 0))
        #expect(try await bench.ids() == ["e1", "e2", "e3", "new"])
        #expect(try await bench.store.progress(of: bench.stream) == progress)
    }

    @Test("a page of a stream that it does not read changes nothing", arguments: StoreKind.allCases)
    func foreignStream(_ kind: StoreKind) async throws {
        let (bench, replay) = try await begun(kind)

        let error = await #expect(throws: StoreError.self) {
            try await bench.store.append(page(bench, [.at(9)], to: bench.other), of: replay.id)
        }

        #expect(error?.kind == .invalid)
        #expect(try await bench.ids(bench.other) == [])
    }

    @Test("its place is kept, also over a crash, and nil begins again", arguments: StoreKind.allCases)
    func places(_ kind: StoreKind) async throws {
        let (first, replay) = try await begun(kind)
        try await read(first, replay, to: 40)

        let bench = try await first.reopened(cleanly: false)
        let kept = try await bench.unfinished(replay)?.refetch?.parts.first?.place
        try await bench.store.keep(nil, of: bench.stream, replay.id)

        #expect(kept?.readTo == .t(40))
        #expect(try await bench.unfinished(replay)?.refetch?.parts.first?.place == nil)
    }

    @Test(
        "once everything is read it is fixed, once, up to the sink's watermark of then",
        arguments: StoreKind.allCases
    )
    func fixes(_ kind: StoreKind) async throws {
        let (bench, replay) = try await begun(kind)
        let early = await #expect(throws: StoreError.self) { try await bench.store.fix(replay.id) }
        try await read(bench, replay, to: 60)
        let half = await #expect(throws: StoreError.self) { try await bench.store.fix(replay.id) }
        _ = try await bench.store.append(page(bench, [.at(8, "new")]), of: replay.id)
        try await bench.deliver(bench.siem)
        _ = try await bench.store.append(page(bench, [.at(9, "later")]), of: replay.id)
        try await read(bench, replay)

        try await bench.store.fix(replay.id)

        let again = await #expect(throws: StoreError.self) { try await bench.store.fix(replay.id) }
        let fixed = try #require(try await bench.unfinished(replay))
        #expect([early?.kind, half?.kind, again?.kind] == [.invalid, .invalid, .invalid])
        #expect(!fixed.isRefetching && fixed.total == 4)
        #expect(try await bench.sent(fixed) == ["e1", "e2", "e3", "new"])
    }

    @Test("the source's error is kept until its next answer", arguments: StoreKind.allCases)
    func trouble(_ kind: StoreKind) async throws {
        let (bench, replay) = try await begun(kind)

        var seen: [String?] = []
        for note in ["does not answer", nil, "does not answer"] {
            try await bench.store.note(note, ofRefetch: replay.id)
            seen.append(try await bench.unfinished(replay)?.refetch?.trouble)
        }
        _ = try await bench.store.append(page(bench, [.at(2)]), of: replay.id)

        #expect(seen == ["does not answer", nil, "does not answer"])
        #expect(try await bench.unfinished(replay)?.refetch?.trouble == nil)
    }

    @Test(
        "one that has ended accepts nothing, and giving it up changes nothing",
        arguments: StoreKind.allCases,
        [true, false]
    )
    func ended(_ kind: StoreKind, _ isGivenUp: Bool) async throws {
        let (bench, replay) = try await begun(kind)
        if isGivenUp {
            try await bench.store.giveUp(replay.id, because: "no room", at: .t(51))
        } else {
            try await bench.store.move(replay.id, to: .cancelled, at: .t(51))
        }

        try await bench.store.giveUp(replay.id, because: "something else", at: .t(52))

        let errors = [
            await #expect(throws: StoreError.self) {
                _ = try await bench.store.append(page(bench, [.at(9)]), of: replay.id)
            },
            await #expect(throws: StoreError.self) { try await read(bench, replay) },
            await #expect(throws: StoreError.self) { try await bench.store.note("x", ofRefetch: replay.id) },
            await #expect(throws: StoreError.self) { try await bench.store.fix(replay.id) },
        ]
        let stored = try #require(try await bench.finished(replay))
        #expect(errors.map { $0?.kind } == Array(repeating: .invalid, count: 4))
        #expect(try await bench.ids() == ["e1", "e2", "e3"])
        #expect(stored.state == .cancelled && stored.finished == .t(51))
        #expect(stored.reason == (isGivenUp ? "no room" : nil))
    }
}
