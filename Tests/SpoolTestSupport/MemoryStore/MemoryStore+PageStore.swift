package import SpoolCore

extension MemoryStore: PageStore {
    package func progress(of stream: StreamID) async throws(StoreError) -> StreamProgress {
        try call(.progress) { .success($0.streams[stream] ?? StreamProgress()) }
    }

    package func begin(_ stream: StreamID, start: Timestamp, sweptTo: Timestamp) async throws(StoreError) {
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

    package func append(_ commit: PageCommit) async throws(StoreError) -> PageReceipt {
        try call(.append) { $0.append(commit) }
    }

    package func abandon(_ scan: Scan, of stream: StreamID, at: Timestamp) async throws(StoreError) {
        try call(.abandon) { tables in
            guard let window = scan.window else { return .success(()) }
            if let index = tables.index(of: window, stream), tables.windows[index].state == .running {
                tables.windows[index].state = .abandoned
            }
            if tables.streams[stream]?.cursor?.scan?.window == window {
                tables.streams[stream]?.cursor?.scan = nil
            }
            if tables.streams[stream]?.sweep?.window == window { tables.streams[stream]?.sweep = nil }
            return .success(())
        }
    }

    package func report(_ trouble: StreamTrouble?, of stream: StreamID) async throws(StoreError) {
        try call(.report) { tables in
            tables.trouble[stream] = trouble
            return .success(())
        }
    }

    package func pullBack(_ stream: StreamID, to now: Timestamp, start: Timestamp, lookBack: Duration)
        async throws(StoreError) -> Timestamp?
    {
        try call(.pullBack) { tables in
            let limit = now + StreamProgress.tolerance
            guard var progress = tables.streams[stream], let old = progress.start,
                let since = progress.cursor?.since, let sweptTo = progress.sweptTo, progress.isAhead(of: now)
            else { return .success(nil) }
            let begin = old > limit ? start : old
            guard begin <= limit else { return .success(nil) }
            for index in tables.windows.indices where tables.windows[index].stream == stream {
                let window = tables.windows[index]
                guard window.scan.reason != .refetch, window.end > limit || window.state == .running else {
                    continue
                }
                tables.windows[index].state = .abandoned
            }
            let back = max(begin, min(since, tables.proved(.poll, stream) ?? begin, now - lookBack))
            progress.start = begin
            progress.cursor = Cursor(since: back)
            progress.sweep = nil
            progress.sweptTo = max(begin, min(sweptTo, tables.proved(.sweep, stream) ?? begin, back))
            progress.sweepEnded = progress.sweepEnded.map { min($0, now) }
            tables.streams[stream] = progress
            return .success(back)
        }
    }

    package var room: Int64 { .max }

    package func mustPause() async throws(StoreError) -> Bool { try call(.mustPause) { .success($0.pauses) } }
}

extension MemoryStore.Tables {
    mutating func append(_ commit: PageCommit) -> Result<PageReceipt, StoreError> {
        let window = commit.scan.window ?? WindowID(Int64(windows.count + 1))
        if commit.scan.window == nil {
            windows.append(
                MemoryStore.Window(
                    id: window,
                    stream: commit.stream,
                    scan: commit.scan,
                    state: .running,
                    end: commit.windowEnd
                )
            )
        }
        guard let index = index(of: window, commit.stream) else {
            return .failure(StoreError(.invalid, "no such window"))
        }
        windows[index].end = commit.windowEnd
        windows[index].state = commit.ended ?? .running
        var (inserted, changed, unreadable) = (0, 0, 0)
        for record in commit.page.records {
            let raw = Array(commit.page.body[record.raw])
            guard known[commit.stream, default: []].insert(record.event.externalID).inserted else {
                let first = events.first {
                    $0.stream == commit.stream && $0.event.externalID == record.event.externalID
                }
                if let first, first.raw != raw { changed += 1 }
                continue
            }
            let seq = Seq((events.last?.seq.value ?? 0) + 1)
            events.append(
                MemoryStore.Spooled(seq: seq, stream: commit.stream, event: record.event, raw: raw)
            )
            inserted += 1
            if !record.event.isReadable { unreadable += 1 }
        }
        advance(commit, window)
        return .success(
            PageReceipt(window: window, inserted: inserted, changed: changed, unreadable: unreadable)
        )
    }

    /// A poll does not change the sweep and a sweep not the cursor; neither position moves back.
    private mutating func advance(_ commit: PageCommit, _ window: WindowID) {
        var stored = streams[commit.stream] ?? StreamProgress()
        switch commit.scan.reason {
        case .poll:
            guard var cursor = commit.progress.cursor else { return }
            cursor.scan?.window = window
            cursor.since = max(stored.cursor?.since ?? cursor.since, cursor.since)
            stored.cursor = cursor
        case .sweep:
            stored.sweep = commit.progress.sweep
            stored.sweep?.window = window
            stored.sweepEnded = commit.progress.sweepEnded ?? stored.sweepEnded
        case .refetch:
            return
        }
        stored.sweptTo = [stored.sweptTo, commit.progress.sweptTo].compactMap { $0 }.max()
        streams[commit.stream] = stored
    }

    fileprivate func index(of window: WindowID, _ stream: StreamID) -> Int? {
        windows.firstIndex { $0.id == window && $0.stream == stream }
    }

    /// The end of the latest complete window of a reason.
    fileprivate func proved(_ reason: Scan.Reason, _ stream: StreamID) -> Timestamp? {
        windows.filter { $0.stream == stream && $0.scan.reason == reason && $0.state == .complete }
            .map(\.end).max()
    }
}
