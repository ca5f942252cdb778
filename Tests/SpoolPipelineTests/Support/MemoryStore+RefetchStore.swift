import SpoolCore

extension MemoryStore: RefetchStore {
    func append(_ commit: PageCommit, of replay: ReplayID) async throws(StoreError) -> PageReceipt {
        guard isPending(replay) else { throw StoreError(.invalid, "no such refetch") }
        let receipt = try await append(commit)
        try change(commit.stream, of: replay) { part in
            part.seen += commit.page.records.count
            part.inserted += receipt.inserted
        }
        return receipt
    }

    func keep(_ place: Refetch.Place?, of stream: StreamID, _ replay: ReplayID) async throws(StoreError) {
        try change(stream, of: replay) { $0.place = place }
    }

    func giveUp(_ replay: ReplayID, because reason: String, at: Timestamp) async throws(StoreError) {
        try call(.move) { tables -> Result<Void, StoreError> in
            guard let index = Self.pending(replay, tables) else { return .success(()) }
            tables.replays[index].reason = reason
            tables.replays[index].state = .cancelled
            return .success(())
        }
    }

    func note(_ trouble: String?, ofRefetch replay: ReplayID) async throws(StoreError) {
        try call(.report) { tables -> Result<Void, StoreError> in
            guard let index = Self.pending(replay, tables) else {
                return .failure(StoreError(.invalid, "no such refetch"))
            }
            tables.replays[index].refetch?.trouble = trouble
            return .success(())
        }
    }

    func fix(_ replay: ReplayID) async throws(StoreError) {
        try call(.move) { tables -> Result<Void, StoreError> in
            guard let index = Self.pending(replay, tables) else {
                return .failure(StoreError(.invalid, "no such refetch"))
            }
            tables.replays[index].refetch?.isFixed = true
            return .success(())
        }
    }

    private func isPending(_ replay: ReplayID) -> Bool { read { Self.pending(replay, $0) != nil } }

    private static func pending(_ replay: ReplayID, _ tables: Tables) -> Int? {
        tables.replays.firstIndex {
            $0.id == replay && $0.isRefetching && ($0.state == .running || $0.state == .paused)
        }
    }

    private func change(
        _ stream: StreamID,
        of replay: ReplayID,
        _ body: @Sendable (inout Refetch.Part) -> Void
    ) throws(StoreError) {
        try call(.report) { tables -> Result<Void, StoreError> in
            guard let index = Self.pending(replay, tables),
                let part = tables.replays[index].refetch?.parts.firstIndex(where: { $0.stream == stream })
            else { return .failure(StoreError(.invalid, "no such refetch")) }
            if var changed = tables.replays[index].refetch?.parts[part] {
                body(&changed)
                tables.replays[index].refetch?.parts[part] = changed
            }
            tables.replays[index].refetch?.trouble = nil
            return .success(())
        }
    }
}
