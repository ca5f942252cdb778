import GRDB
package import SpoolCore

extension Spool {
    /// Tells the spool which streams, sinks and subscriptions the configuration has, in one transaction.
    ///
    /// Names are identities; `renamed_from` carries everything over to the new name. What is not in the roster
    /// has left: a sink becomes `disabled`, its subscriptions keep their watermarks, and a stream that left is
    /// still drained to the sinks that took it. A sink in `held` has a subscription that cannot begin.
    package func register(_ roster: Roster, at now: Timestamp) async throws(StoreError) -> Registration {
        try await write { db in
            let streams = try StreamRoster.register(db, roster.streams)
            var sinks: [SinkName: SinkID] = [:]
            var held: [SinkName: String] = [:]
            for sink in roster.sinks {
                let id = try SinkRoster.register(db, sink, at: now)
                sinks[sink.name] = id
                let unstarted = try SubscriptionRoster.register(db, sink, id: id, streams: streams)
                if !unstarted.isEmpty {
                    let names = unstarted.map(\.description).joined(separator: ", ")
                    let reason =
                        "Sink \(sink.name) was added to streams that have events already: \(names). Set its "
                        + "`start` to now, beginning or a time. Until then it is held and keeps its events."
                    held[sink.name] = reason
                    try SinkRoster.hold(db, id, reason: reason, at: now)
                }
            }
            try SinkRoster.setThresholds(db, roster)
            try SinkRoster.disable(db, allBut: Array(sinks.values), at: now)
            return Registration(streams: streams, sinks: sinks, held: held)
        }
    }
}
