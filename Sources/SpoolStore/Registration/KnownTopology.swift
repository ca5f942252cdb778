import GRDB
import SpoolCore

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
