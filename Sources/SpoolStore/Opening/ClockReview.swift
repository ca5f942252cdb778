import GRDB
import SpoolCore
import Synchronization

/// Detects whether the local clock was set while no daemon was running, which is unknown until a source
/// reports its time.
///
/// Until then the times between two runs are not counted in any age, because a clock that was set could make
/// them years long. The clock of a source continues meanwhile, so its offset from the local clock before and
/// after shows by how much the local clock was set.
struct ClockReview: Sendable {
    /// The time between two runs, by the local clock before and after it.
    struct Hole: Sendable, Equatable {
        let from: Timestamp
        let to: Timestamp
    }

    /// A shorter total time does not matter for any age.
    static let least = Duration.minutes(5)

    /// The times between runs since a source last answered.
    let holes: [Hole]
    /// How far the source of each stream was ahead of the local clock at its last page.
    private let leads: [StreamID: Duration]
    /// The same for the last page of all streams.
    private let lastLead: Duration?

    /// The review for a start at `now`; nil if the unreviewed time is shorter than `least`.
    init?(_ db: Database, at now: Timestamp) throws {
        let answered = try Timestamp(
            Int64.fetchOne(db, sql: "SELECT max(last_success_ms) FROM stream")
        )
        holes = try Self.holes(db, since: answered, at: now)
        guard holes.reduce(.zero, { $0 + $1.to.since($1.from) }) >= Self.least else { return nil }
        // The source's time may have been rejected as implausible; a newer record then gives a better value.
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, max(source_ms, coalesce(newest_ms, source_ms)) - last_success_ms FROM stream
                WHERE source_ms IS NOT NULL AND last_success_ms IS NOT NULL ORDER BY last_success_ms
                """
        )
        let found = rows.map { (StreamID($0[0]), Duration.milliseconds($0[1] as Int64)) }
        leads = Dictionary(found) { $1 }
        lastLead = found.last?.1
    }

    /// Moves a time stored before the start as close to now as possible: as if spool had never been stopped.
    func aged(_ time: Timestamp) -> Timestamp {
        holes.reduce(time) { $1.from >= time ? $0 + $1.to.since($1.from) : $0 }
    }

    /// The total unreviewed time.
    var unseen: Duration { holes.reduce(.zero) { $0 + $1.to.since($1.from) } }

    /// By how much the local clock was set forward since the last page, negative if back; nil before a source
    /// has reported its time.
    func step(_ told: [StreamID: Timestamp], at wall: Timestamp) -> Duration? {
        guard !told.isEmpty else { return nil }
        // A step of the local clock appears for all sources; a larger step is one of a source's own clock.
        let own = told.compactMap { id, date in leads[id].map { $0 - date.since(wall) } }
        if let step = own.min() { return step }
        return lastLead.flatMap { lead in told.values.map { lead - $0.since(wall) }.min() } ?? .zero
    }

    private static func holes(_ db: Database, since answered: Timestamp?, at now: Timestamp) throws -> [Hole]
    {
        var (found, next) = ([Hole](), now)
        for row in try Row.fetchAll(db, sql: "SELECT started_ms, ended_ms FROM run ORDER BY id DESC") {
            let began = Timestamp(milliseconds: row[0])
            let hasAnswered = answered.map { $0 >= began } ?? false
            let end = try Timestamp(row[1] as Int64?) ?? lastSign(db, from: began, to: next)
            let last = hasAnswered ? answered.map { max(end, $0) } ?? end : end
            if last < next { found.append(Hole(from: last, to: next)) }
            if hasAnswered { break }
            next = began
        }
        return found
    }

    /// The time of the last sample of a run that did not end cleanly.
    private static func lastSign(_ db: Database, from began: Timestamp, to next: Timestamp) throws
        -> Timestamp
    {
        let sample = try Int64.fetchOne(
            db,
            sql: """
                SELECT max(at_ms)
                FROM (SELECT at_ms FROM stream_sample UNION ALL SELECT at_ms FROM sink_sample)
                WHERE at_ms >= ? AND at_ms < ?
                """,
            arguments: [began.milliseconds, next.milliseconds]
        )
        return Timestamp(sample) ?? began
    }
}

extension Spool {
    /// The open review; nil once a source has reported its time.
    var openReview: ClockReview? { clockReview.withLock { $0 } }

    /// Shifts stored times to match the local clock, once a source has reported its time.
    ///
    /// Call it in the first transaction that uses the time of a source.
    func review(_ db: Database, told: [StreamID: Timestamp], at wall: Timestamp) throws {
        guard let step = openReview?.step(told, at: wall), step >= ClockReview.least else { return }
        try NotedTimes.shift(db, at: wall, by: step)
    }

    /// Ends the review after that transaction was committed.
    func reviewed(told: [StreamID: Timestamp]) {
        if !told.isEmpty { clockReview.withLock { $0 = nil } }
    }
}
