import GRDB
package import SpoolCore
import Synchronization

extension Spool {
    /// Registers the streams, sinks and subscriptions of a configuration, in one transaction.
    ///
    /// Sinks and streams are identified by name. `renamed_from` carries everything over to the new name, even
    /// if the new name was already added by mistake, as long as it is unused. Sinks and streams that are not
    /// in the topology are no longer configured: a sink becomes `disabled`, its subscriptions keep their
    /// watermarks, and a stream is still drained to the sinks that subscribed to it. A sink in `held` has a
    /// subscription that cannot begin. `preview` reports the changes in advance.
    package func register(_ topology: Topology, at now: Timestamp) async throws(StoreError) -> Registration {
        // A new or renamed subscription may begin before events that no other sink waits for.
        defer { waitingFloors.withLock { $0.reset() } }
        return try await write { db in
            let plans = try RosterPlans(topology, db)
            try Renaming.stream.carryOut(plans.streams, db, at: now)
            try Renaming.sink.carryOut(plans.sinks, db, at: now)
            let streams = try StreamTopology.register(db, topology.streams)
            var sinks: [SinkName: SinkID] = [:]
            var held: [SinkName: String] = [:]
            for sink in topology.sinks {
                let id = try SinkTopology.register(db, sink, at: now)
                sinks[sink.name] = id
                let unstarted = try SubscriptionTopology.register(db, sink, id: id, streams: streams)
                guard !unstarted.isEmpty else {
                    try SinkTopology.begin(db, id, at: now)
                    continue
                }
                let left = try SinkTopology.left(db, topology, taking: unstarted.compactMap { streams[$0] })
                let reason = TopologyText.held(sink.name, unstarted, left: left)
                held[sink.name] = reason
                try SinkTopology.hold(db, id, reason: reason, at: now)
            }
            try SinkTopology.setThresholds(db, topology)
            try SinkTopology.disable(db, allBut: Array(sinks.values), at: now)
            return Registration(streams: streams, sinks: sinks, held: held, notes: plans.notes)
        }
    }
}

/// The renames of a roster: those that will be carried out, and those that cannot be.
struct RosterPlans {
    let streams: RenamePlan
    let sinks: RenamePlan

    init(_ topology: Topology, _ db: Database) throws {
        streams = RenamePlan(
            topology.streams.map {
                RenamePlan.Wanted(name: $0.name.description, renamedFrom: $0.renamedFrom?.description)
            },
            known: try Renaming.stream.known(db)
        )
        sinks = RenamePlan(
            topology.sinks.map { RenamePlan.Wanted(name: $0.name.text, renamedFrom: $0.renamedFrom?.text) },
            known: try Renaming.sink.known(db)
        )
    }

    /// A message for each `renamed_from` without effect.
    var notes: [String] {
        streams.ignored.map { TopologyText.ignored($0, .stream) }
            + sinks.ignored.map { TopologyText.ignored($0, .sink) }
    }
}

/// The sinks and streams in the spool, for the comparison with a configuration.
struct KnownTopology: Sendable {
    struct Subscription: Sendable {
        let stream: Int64
        /// `active`, `held` or `left`.
        let state: String
        /// False while it has no position in the stream.
        let hasBegun: Bool
        let waiting: Int
    }

    struct Sink: Sendable {
        let id: Int64
        let name: String
        let subscriptions: [Subscription]

        /// True if it is in the configuration that was registered last.
        var isConfigured: Bool { subscriptions.contains { $0.state != "left" } }
        var waiting: Int { subscriptions.reduce(0) { $0 + $1.waiting } }
    }

    struct Stream: Sendable {
        let id: Int64
        let name: StreamName
        let isConfigured: Bool
        /// Events in the spool now.
        let kept: Int
        /// Pending events for all sinks; an event that is pending for two sinks counts twice.
        let waiting: Int
    }

    let sinks: [Sink]
    let streams: [Stream]
    let plans: RosterPlans

    /// Reads everything in the caller's snapshot.
    init(_ db: Database, _ topology: Topology) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT s.sink_id, s.stream_id, s.state, s.start_seq IS NOT NULL, t.inserted - s.passed
                FROM subscription s JOIN stream t ON t.id = s.stream_id ORDER BY s.id
                """
        )
        var bySink: [Int64: [Subscription]] = [:]
        var waiting: [Int64: Int] = [:]
        for row in rows {
            let subscription = Subscription(
                stream: row[1],
                state: row[2],
                hasBegun: row[3],
                waiting: row[4]
            )
            bySink[row[0], default: []].append(subscription)
            waiting[subscription.stream, default: 0] += subscription.waiting
        }
        sinks = try Row.fetchAll(db, sql: "SELECT id, name FROM sink WHERE replay_id IS NULL ORDER BY id")
            .map { Sink(id: $0[0], name: $0[1], subscriptions: bySink[$0[0]] ?? []) }
        streams = try Row.fetchAll(
            db,
            sql: "SELECT id, name, is_configured, kept FROM stream WHERE replay_id IS NULL ORDER BY id"
        )
        .map {
            Stream(
                id: $0[0],
                name: try Names.stream($0[1]),
                isConfigured: $0[2],
                kept: $0[3],
                waiting: waiting[$0[0]] ?? 0
            )
        }
        plans = try RosterPlans(topology, db)
    }
}
