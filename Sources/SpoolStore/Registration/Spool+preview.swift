package import SpoolCore

extension Spool {
    /// What `register` would do with a configuration, without doing it; empty when it would change nothing.
    ///
    /// `retention` is how long events are kept for what leaves. Reads one snapshot; works on a spool opened for reading
    /// while a daemon has it.
    package func preview(_ roster: Roster, retention: Duration) async throws(StoreError) -> [RosterChange] {
        try await read { db in
            RosterPreview(roster, try KnownRoster(db, roster), retention: retention).changes
        }
    }
}
