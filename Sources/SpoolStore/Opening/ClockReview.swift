import GRDB
import SpoolCore
import Synchronization

/// Whether the local clock was set while nothing ran, which nobody knows before a source has told its time.
///
/// Until then the times between two runs are not counted in any age: they may be years that never were. A source's clock
/// goes on meanwhile, so that its distance from the local one, before and after, tells by how much that was set.
struct ClockReview: Sendable {
    /// A time between two runs, by the local clock as it was before and as it is since.
    struct Hole: Sendable, Equatable {
        let from: Timestamp
        let to: Timestamp
    }

    /// A shorter time in all is no matter to any age.
    static let least = Duration.minutes(5)

    /// Those since a source has answered last.
    let holes: [Hole]
    /// How far each stream's source was ahead of the local clock when its last page came.
    private let leads: [StreamID: Duration]
    /// The same of the page that came last of all.
    private let lastLead: Duration?

    /// What there is to review at a start at `now`; nil when no time to speak of is in question.
    init?(_ db: Database, at now: Timestamp) throws {
        let answered = try Timestamp(
            Int64.fetchOne(db, sql: "SELECT max(last_success_ms) FROM stream")
        )
        holes = try Self.holes(db, since: answered, at: now)
        guard holes.reduce(.zero, { $0 + $1.to.since($1.from) }) >= Self.least else { return nil }
        // A record's own time shows that the source's time was not believed, for lack of others.
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

    /// A time noted before the start, brought so near to now as it may be: as if nothing had ever been off.
    func aged(_ time: Timestamp) -> Timestamp {
        holes.reduce(time) { $1.from >= time ? $0 + $1.to.since($1.from) : $0 }
    }

    /// All that is in question.
    var unseen: Duration { holes.reduce(.zero) { $0 + $1.to.since($1.from) } }

    /// By how much the local clock was set forward since the last page, negative for back; nil before a source has told
    /// its time.
    func step(_ told: [StreamID: Timestamp], at wall: Timestamp) -> Duration? {
        guard !told.isEmpty else { return nil }
        // What the local clock did, all of them show; one that shows more is a source's own.
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

    /// When a run that did not end in good order has noted anything last.
    private static func lastSign(_ db: Database, from began: Timestamp, to next: Timestamp) throws
        -> Timestamp
    {
        let sample = try Int64.fetchOne(
            db,
            sql: """
                SELECT max(at_ms) FROM (SELECT at_ms FROM stream_sample UNION ALL SELECT at_ms FROM sink_sample)
                WHERE at_ms >= ? AND at_ms < ?
                """,
            arguments: [began.milliseconds, next.milliseconds]
        )
        return Timestamp(sample) ?? began
    }
}

extension Spool {
    /// What is in question; nil once a source has told its time.
    var openReview: ClockReview? { clockReview.withLock { $0 } }

    /// Fits the ages of what was noted to what the local clock shows now, once a source has told its time.
    ///
    /// Belongs into the first transaction that goes by a source's time.
    func review(_ db: Database, told: [StreamID: Timestamp], at wall: Timestamp) throws {
        guard let step = openReview?.step(told, at: wall), step >= ClockReview.least else { return }
        try NotedTimes.shift(db, at: wall, by: step)
    }

    /// That transaction has been committed: nothing is in question any more.
    func reviewed(told: [StreamID: Timestamp]) {
        if !told.isEmpty { clockReview.withLock { $0 = nil } }
    }
}
