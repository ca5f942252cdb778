package import SpoolCore

extension MemoryStore: RefetchStore {
    package func append(_ commit: PageCommit, of replay: ReplayID) async throws(StoreError) -> PageReceipt {
        try call(.append) { tables in
            tables.part(commit.stream, of: replay).flatMap { place in
                tables.append(commit).map { receipt in
                    tables.change(place) { part in
                        part.seen += commit.page.records.count
                        part.inserted += receipt.inserted
                    }
                    return receipt
                }
            }
        }
    }

    package func keep(_ place: Refetch.Place?, of stream: StreamID, _ replay: ReplayID)
        async throws(StoreError)
    {
        try call(.report) { tables in
            tables.part(stream, of: replay).map { found in tables.change(found) { $0.place = place } }
        }
    }

    package func giveUp(_ replay: ReplayID, because reason: String, at: Timestamp) async throws(StoreError) {
        try call(.move) { tables -> Result<Void, StoreError> in
            guard let index = tables.refetching(replay) else { return .success(()) }
            tables.replays[index].reason = reason
            tables.replays[index].refetch?.trouble = nil
            tables.move(replay, to: .cancelled, at: at)
            return .success(())
        }
    }

    package func note(_ trouble: String?, ofRefetch replay: ReplayID) async throws(StoreError) {
        try call(.report) { tables -> Result<Void, StoreError> in
            guard let index = tables.refetching(replay) else {
                return .failure(StoreError(.invalid, "no such refetch"))
            }
            tables.replays[index].refetch?.trouble = trouble
            return .success(())
        }
    }

    package func fix(_ replay: ReplayID) async throws(StoreError) {
        try call(.move) { tables -> Result<Void, StoreError> in
            guard let index = tables.refetching(replay) else {
                return .failure(StoreError(.invalid, "no such refetch"))
            }
            let job = tables.replays[index]
            guard job.refetch?.parts.allSatisfy(\.isComplete) == true else {
                return .failure(StoreError(.invalid, "not read up to the end"))
            }
            let plans = tables.lasts(of: job).map { part in
                tables.plan(job.request, job.request.destination == nil ? job.sinkID : nil, part)
            }
            tables.replays[index].streams = plans.map(\.stream)
            tables.replays[index].total = plans.reduce(0) { $0 + $1.estimate.toSend }
            tables.replays[index].skipped = plans.reduce(0) {
                $0 + $1.estimate.inWindow - $1.estimate.toSend
            }
            tables.replays[index].refetch?.isFixed = true
            tables.replays[index].refetch?.trouble = nil
            return .success(())
        }
    }
}

extension MemoryStore.Tables {
    fileprivate typealias Place = (replay: Int, part: Int)

    /// The row of a replay that still reads its window from the source.
    fileprivate func refetching(_ replay: ReplayID) -> Int? {
        replays.firstIndex {
            $0.id == replay && $0.isRefetching && ($0.state == .running || $0.state == .paused)
        }
    }

    fileprivate func part(_ stream: StreamID, of replay: ReplayID) -> Result<Place, StoreError> {
        guard let index = refetching(replay),
            let part = replays[index].refetch?.parts.firstIndex(where: { $0.stream == stream })
        else { return .failure(StoreError(.invalid, "no such refetch")) }
        return .success((index, part))
    }

    /// Changes a part and clears the error: the source has responded.
    fileprivate mutating func change(_ place: Place, _ body: (inout Refetch.Part) -> Void) {
        guard var refetch = replays[place.replay].refetch else { return }
        body(&refetch.parts[place.part])
        refetch.trouble = nil
        replays[place.replay].refetch = refetch
    }

    /// The streams of a replay, each up to the sink's watermark of now.
    fileprivate func lasts(of job: Replay) -> [ReplayTarget.Part] {
        job.streams.map { stream in
            let watermark = subscriptions.values
                .first { $0.sink == job.sinkID && $0.subscription.stream == stream.stream }?
                .subscription.watermark
            let newest = events.last { $0.stream == stream.stream }?.seq ?? Seq(0)
            return ReplayTarget.Part(
                stream: stream.stream,
                name: stream.name,
                last: watermark ?? newest
            )
        }
    }
}
