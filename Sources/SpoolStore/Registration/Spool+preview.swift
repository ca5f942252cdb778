package import SpoolCore

extension Spool {
    /// The changes that `register` would make with a configuration; empty when there are none.
    ///
    /// `retention` is how long events are kept for what is no longer configured. Reads one snapshot; works on
    /// a spool that is open read-only while a daemon uses it.
    package func preview(_ topology: Topology, retention: Duration) async throws(StoreError)
        -> [TopologyChange]
    {
        try await read { db in
            TopologyPreview(topology, try KnownTopology(db, topology), retention: retention).changes
        }
    }
}
