import SpoolCore

extension MemoryStore: PageStore {
    func progress(of stream: StreamID) async throws(StoreError) -> StreamProgress {
        try call(.progress) { .success($0.streams[stream] ?? StreamProgress()) }
    }

    func begin(_ stream: StreamID, start: Timestamp, sweptTo: Timestamp) async throws(StoreError) {
        try call(.begin) { tables in
            if tables.streams[stream]?.start == nil {
                tables.streams[stream] = StreamProgress(
                    start: start,
                    cursor: Cursor(since: start),
                    sweptTo: sweptTo
                )
            }
            return .success(())
        }
    }

    func append(_ commit: PageCommit) async throws(StoreError) -> PageReceipt {
        try call(.append) { tables in
            let window = commit.scan.window ?? WindowID(Int64(tables.windows.count + 1))
            if commit.scan.window == nil {
                tables.windows.append((window, commit.stream, commit.scan, .running))
            }
            if let ended = commit.ended { tables.windows[Int(window.value) - 1].state = ended }
            var inserted = 0
            for record in commit.page.records {
                let isNew = tables.known[commit.stream, default: []].insert(record.event.externalID).inserted
                guard isNew else { continue }
                let seq = Seq((tables.events.last?.seq.value ?? 0) + 1)
                tables.events.append(Spooled(seq: seq, stream: commit.stream, event: record.event))
                inserted += 1
            }
            var progress = commit.progress
            if commit.scan.reason == .poll { progress.cursor?.scan?.window = window }
            if commit.scan.reason == .sweep { progress.sweep?.window = window }
            // A refetch does not change the stream's own progress.
            if commit.scan.reason != .refetch { tables.streams[commit.stream] = progress }
            return .success(PageReceipt(window: window, inserted: inserted, changed: 0, unreadable: 0))
        }
    }

    func abandon(_ scan: Scan, of stream: StreamID, at: Timestamp) async throws(StoreError) {
        try call(.abandon) { tables in
            guard let window = scan.window else { return .success(()) }
            tables.windows[Int(window.value) - 1].state = .abandoned
            if tables.streams[stream]?.cursor?.scan?.window == window {
                tables.streams[stream]?.cursor?.scan = nil
            }
            if tables.streams[stream]?.sweep?.window == window { tables.streams[stream]?.sweep = nil }
            return .success(())
        }
    }

    func report(_ trouble: StreamTrouble?, of stream: StreamID) async throws(StoreError) {
        try call(.report) { tables in
            tables.trouble[stream] = trouble
            return .success(())
        }
    }

    func pullBack(_ stream: StreamID, to now: Timestamp, start: Timestamp, lookBack: Duration)
        async throws(StoreError) -> Timestamp?
    {
        try call(.pullBack) { tables in
            guard let since = tables.streams[stream]?.cursor?.since, since > now + .minutes(5) else {
                return .success(nil)
            }
            let back = now - lookBack
            if let old = tables.streams[stream]?.start, old > now + .minutes(5) {
                tables.streams[stream]?.start = start
            }
            tables.streams[stream]?.cursor = Cursor(since: back)
            tables.streams[stream]?.sweep = nil
            tables.streams[stream]?.sweptTo = back
            return .success(back)
        }
    }

    var room: Int64 { .max }

    func mustPause() async throws(StoreError) -> Bool { try call(.mustPause) { .success($0.pauses) } }
}
