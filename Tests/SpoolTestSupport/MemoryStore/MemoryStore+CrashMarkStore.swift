package import SpoolCore

extension MemoryStore: PoisonMarkStore {
    package var endedUncleanly: Bool { read(\.endedUncleanly) }

    package func mark(_ mark: PoisonMark, at: Timestamp) async throws(StoreError) {
        try call(.mark) { tables in
            tables.marks[mark, default: Mark()].isSet = true
            return .success(())
        }
    }

    package func clear(_ mark: PoisonMark) async throws(StoreError) {
        try call(.mark) { tables in
            tables.marks[mark] = nil
            return .success(())
        }
    }

    package func marksOfUncleanEnds() async throws(StoreError) -> [PoisonMark: Int] {
        try call(.mark) { .success($0.marks.mapValues(\.ends).filter { $0.value > 0 }) }
    }

    /// Simulates the next start of the process, after a clean or an unclean end.
    package func reopen(cleanly: Bool) {
        edit { tables in
            tables.endedUncleanly = !cleanly
            for (mark, state) in tables.marks {
                tables.marks[mark] = Mark(ends: state.ends + (!cleanly && state.isSet ? 1 : 0))
            }
            for index in tables.connections.indices where tables.connections[index].clean == nil {
                tables.connections[index].clean = false
            }
        }
    }
}
