import SpoolCore
import Testing

@Suite("The contract of fetching") struct PageStoreContractTests {
    private func scan(_ reason: Scan.Reason, from: Int = 0, window: WindowID? = nil) -> Scan {
        var scan = Scan(reason: reason, from: .t(from), to: nil, filterHash: "f")
        scan.window = window
        return scan
    }

    /// A page of a scan that is under way, or its last.
    private func page(
        _ bench: StoreBench,
        _ scan: Scan,
        _ events: [Event],
        ended: WindowState? = nil,
        progress: StreamProgress
    ) -> PageCommit {
        PageCommit(
            stream: bench.stream,
            page: .of(events, date: .t(100), next: ended == nil ? "next" : nil),
            scan: scan,
            windowEnd: .t(100),
            ended: ended,
            progress: progress,
            fetched: .t(100)
        )
    }

    @Test("a stream starts once, and later starts leave it unchanged", arguments: StoreKind.allCases)
    func begins(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        let before = try await bench.store.progress(of: bench.stream)

        try await bench.store.begin(bench.stream, start: .t(5), sweptTo: .t(3))
        try await bench.store.begin(bench.stream, start: .t(9), sweptTo: .t(9))

        let expected = StreamProgress(start: .t(5), cursor: Cursor(since: .t(5)), sweptTo: .t(3))
        #expect(before == StreamProgress())
        #expect(try await bench.store.progress(of: bench.stream) == expected)
        #expect(try await bench.store.progress(of: bench.other) == StreamProgress())
    }

    @Test(
        "known ids insert nothing, whether of an earlier page or the same; other bytes count as changed",
        arguments: StoreKind.allCases
    )
    func knownRecords(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.append([.at(1), .at(2)])
        let commit = PageCommit.poll(bench.stream, [.at(1), .at(2), .at(3), .at(3)]) { event in
            event.externalID == "e2" ? "other bytes" : "{\"_id\":\"\(event.externalID)\"}"
        }

        let receipt = try await bench.store.append(commit)
        try await bench.append([.at(1)], to: bench.other)

        #expect(receipt.inserted == 1 && receipt.changed == 1 && receipt.skipped == 0)
        #expect(try await bench.ids() == ["e1", "e2", "e3"])
        #expect(try await bench.ids(bench.other) == ["e1"])
    }

    @Test("unreadable records are spooled and counted", arguments: StoreKind.allCases)
    func unreadable(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        let event = Event(
            externalID: "x",
            kind: .activity,
            isReadable: false,
            occurred: .t(1),
            created: .t(1)
        )

        let receipt = try await bench.append([event, .at(2)])

        #expect(receipt.inserted == 2 && receipt.unreadable == 1)
    }

    @Test(
        "the pages of a scan share a window, which the store fills in, and a poll and a sweep do not mix",
        arguments: StoreKind.allCases
    )
    func windows(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.store.begin(bench.stream, start: .t0, sweptTo: .t0)
        var progress = try await bench.store.progress(of: bench.stream)
        progress.cursor?.scan = scan(.poll)

        let poll = try await bench.store.append(page(bench, scan(.poll), [.at(1)], progress: progress))
        let polling = try await bench.store.progress(of: bench.stream)
        let sweep = try await bench.store.append(
            page(bench, scan(.sweep), [.at(2)], progress: StreamProgress(sweep: scan(.sweep)))
        )
        let both = try await bench.store.progress(of: bench.stream)
        let last = try await bench.store.append(
            page(
                bench,
                scan(.poll, window: poll.window),
                [.at(3)],
                ended: .complete,
                progress: StreamProgress(cursor: Cursor(since: .t(90)))
            )
        )
        let polled = try await bench.store.progress(of: bench.stream)

        #expect(polling.cursor?.scan?.window == poll.window && polling.sweep == nil)
        #expect(both.cursor == polling.cursor && both.sweep?.window == sweep.window)
        #expect(last.window == poll.window && sweep.window != poll.window)
        #expect(polled.cursor == Cursor(since: .t(90)) && polled.sweep == both.sweep)
        #expect(polled.start == .t0)
        #expect(try await bench.windows(of: bench.stream) == [.complete, .running])
    }

    @Test("an unproved window is stored as such", arguments: StoreKind.allCases)
    func unproved(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)

        _ = try await bench.store.append(
            page(bench, scan(.sweep), [], ended: .unproved, progress: StreamProgress(sweptTo: .t(50)))
        )

        #expect(try await bench.windows(of: bench.stream) == [.unproved])
    }

    @Test("positions never move back with a page", arguments: StoreKind.allCases)
    func forwards(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.store.begin(bench.stream, start: .t(50), sweptTo: .t(50))

        _ = try await bench.store.append(
            page(
                bench,
                scan(.poll),
                [],
                ended: .complete,
                progress: StreamProgress(cursor: Cursor(since: .t(40)), sweptTo: .t(40))
            )
        )
        _ = try await bench.store.append(
            page(bench, scan(.sweep), [], ended: .complete, progress: StreamProgress(sweptTo: .t(30)))
        )

        let progress = try await bench.store.progress(of: bench.stream)
        #expect(progress.cursor?.since == .t(50) && progress.sweptTo == .t(50))
    }

    @Test("a page of a window that the stream does not have is rejected", arguments: StoreKind.allCases)
    func noWindow(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        var commit = page(bench, scan(.poll), [.at(1)], progress: StreamProgress())
        let receipt = try await bench.store.append(commit)
        commit.stream = bench.other
        commit.scan.window = receipt.window
        let foreign = commit

        let error = await #expect(throws: StoreError.self) { try await bench.store.append(foreign) }

        #expect(error?.kind == .invalid)
        #expect(try await bench.ids(bench.other) == [])
    }

    @Test(
        "an abandoned scan is removed from the stream, and its window is abandoned",
        arguments: StoreKind.allCases,
        [Scan.Reason.poll, .sweep]
    )
    func abandons(_ kind: StoreKind, _ reason: Scan.Reason) async throws {
        let bench = try await StoreBench(kind)
        try await bench.store.begin(bench.stream, start: .t0, sweptTo: .t0)
        let begun = try await bench.store.progress(of: bench.stream)
        var progress = begun
        if reason == .poll { progress.cursor?.scan = scan(.poll) } else { progress.sweep = scan(.sweep) }
        let receipt = try await bench.store.append(page(bench, scan(reason), [.at(1)], progress: progress))

        try await bench.store.abandon(scan(reason, window: receipt.window), of: bench.stream, at: .t(9))

        #expect(try await bench.store.progress(of: bench.stream) == begun)
        #expect(try await bench.windows(of: bench.stream) == [.abandoned])
    }

    @Test(
        "positions in the future go back to what past windows prove, and at least by the look-back",
        arguments: StoreKind.allCases
    )
    func pullsBack(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)
        try await bench.store.begin(bench.stream, start: .t0, sweptTo: .t0)
        for end in [1_000, 900_000] {
            _ = try await bench.store.append(.poll(bench.stream, [.at(end)], to: .t(end)))
            var sweep = PageCommit.poll(bench.stream, [.at(2)], to: .t(end / 2))
            sweep.scan = scan(.sweep)
            sweep.progress = StreamProgress(sweptTo: .t(end / 2), sweepEnded: .t(end / 2))
            _ = try await bench.store.append(sweep)
        }
        func back(to now: Int) async throws -> Timestamp? {
            try await bench.store.pullBack(bench.stream, to: .t(now), start: .t0, lookBack: .seconds(600))
        }

        let unchanged = try await back(to: 899_900)
        let proved = try await back(to: 2_000)
        let progress = try await bench.store.progress(of: bench.stream)
        let again = try await back(to: 2_000)

        #expect(unchanged == nil && again == nil)
        #expect(proved == .t(1_000))
        #expect(progress.cursor == Cursor(since: .t(1_000)) && progress.sweptTo == .t(500))
        #expect(progress.sweepEnded == .t(2_000) && progress.start == .t0)
    }

    @Test("positions go back by the look-back, but not before the start", arguments: StoreKind.allCases)
    func looksBack(_ kind: StoreKind) async throws {
        for (now, since) in [(1_200, 600), (300, 0)] {
            let bench = try await StoreBench(kind)
            try await bench.store.begin(bench.stream, start: .t0, sweptTo: .t0)
            for end in [1_000, 900_000] {
                _ = try await bench.store.append(.poll(bench.stream, [.at(end)], to: .t(end)))
            }

            let back = try await bench.store.pullBack(
                bench.stream,
                to: .t(now),
                start: .t0,
                lookBack: .seconds(600)
            )

            #expect(back == .t(since))
        }
    }

    @Test(
        "a start in the future is replaced by the configured one, unless that is in the future as well",
        arguments: StoreKind.allCases,
        [-200, 5_000]
    )
    func futureStart(_ kind: StoreKind, _ configured: Int) async throws {
        let bench = try await StoreBench(kind)
        try await bench.store.begin(bench.stream, start: .t(90_000), sweptTo: .t(90_000))

        let back = try await bench.store.pullBack(
            bench.stream,
            to: .t0,
            start: .t(configured),
            lookBack: .seconds(100)
        )

        let progress = try await bench.store.progress(of: bench.stream)
        let start: Timestamp = configured < 0 ? .t(configured) : .t(90_000)
        #expect(back == (configured < 0 ? start : nil))
        #expect(progress == StreamProgress(start: start, cursor: Cursor(since: start), sweptTo: start))
    }

    @Test("an empty store has room", arguments: StoreKind.allCases)
    func room(_ kind: StoreKind) async throws {
        let bench = try await StoreBench(kind)

        #expect(try await bench.store.mustPause() == false)
        #expect(bench.store.room > 0)
    }
}
