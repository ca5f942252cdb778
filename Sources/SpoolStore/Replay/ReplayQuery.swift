import GRDB
import SpoolCore

/// Reads slices of a replay in one of its streams, in `seq` order, without the events that are not to be
/// sent.
///
/// Where an event of the stream was left out a break is set, so that no ledger row covers an event that was
/// not sent.
struct ReplayQuery {
    /// Rows examined in one read, about 20 ms.
    static let rows = 20_000

    private let replay: Int64
    private let sink: SinkID
    private let stream: StreamID
    private let basis: ReplayBasis
    private let window: Range<Int64>
    private let mode: ReplayMode
    private let end: Int64
    private let isUnfinished: Bool

    /// Nil when the replay, or the stream in it, was removed.
    init?(_ db: Database, _ id: ReplayID, _ stream: StreamID) throws {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT r.sink_id, r.basis, r.from_ms, r.to_ms, r.mode, r.state, s.end_seq
                    FROM replay r JOIN replay_stream s ON s.replay_id = r.id
                    WHERE r.id = ? AND s.stream_id = ?
                    """
            ),
            arguments: [id.value, stream.value]
        )
        guard let row else { return nil }
        guard let basis = ReplayBasis(rawValue: row[1]), let mode = ReplayMode(rawValue: row[4]) else {
            throw StoreError(.damaged, "Replay \(id) has an unknown basis or mode.")
        }
        replay = id.value
        sink = SinkID(row[0])
        self.stream = stream
        self.basis = basis
        window = (row[2] as Int64)..<max(row[2], row[3])
        self.mode = mode
        isUnfinished = Replay.State(rawValue: row[5])?.isUnfinished ?? false
        end = row[6]
    }

    /// Reads the events after `after`.
    func slice(_ db: Database, after: Seq, limit: BatchLimit, raw: Bool) throws -> ReplayBatch {
        guard isUnfinished, after.value < end else {
            return ReplayBatch(events: EventBatch(stream: stream), scannedThrough: after, isLast: true)
        }
        return mode == .events
            ? try chosen(db, after: after.value, limit, raw: raw)
            : try walk(db, after: after.value, limit, raw: raw)
    }

    static func walkSQL(raw: Bool) -> String {
        """
        SELECT \(BatchQuery.columns)\(raw ? ", r.raw" : "")
        FROM event e INDEXED BY event_stream \(raw ? "LEFT JOIN record r ON r.seq = e.seq" : "")
        WHERE e.stream_id = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq
        """
    }

    private func walk(_ db: Database, after: Int64, _ limit: BatchLimit, raw: Bool) throws -> ReplayBatch {
        // Only the part of the ledger that this slice can reach is read, because the ledger may be as long as
        // the window.
        let end = mode == .missing ? try reach(db, after: after) : self.end
        var map =
            mode == .missing
            ? try LedgerMap(db, sink: sink, stream: stream, after: after, through: end) : LedgerMap()
        let row = try RawStatement(db, Self.walkSQL(raw: raw))
        defer { row.release() }
        row.bind(stream.value, at: 1)
        row.bind(after, at: 2)
        row.bind(end, at: 3)
        var batch = EventBatch(stream: stream)
        var (scanned, hasLeftOut) = (after, false)
        for _ in 0..<Self.rows {
            guard try row.step() else {
                return ReplayBatch(events: batch, scannedThrough: Seq(end), isLast: end >= self.end)
            }
            let seq = row.int(0)
            scanned = seq
            if let covered = map.there.end(around: seq) {
                // All events of the stream up to the range's end are delivered: continue after it.
                hasLeftOut = true
                scanned = min(covered, end)
                row.reset()
                row.bind(scanned, at: 2)
                continue
            }
            let isMeant =
                window.contains(row.int(basis == .occurred ? 2 : 3))
                && !map.dismissed.contains(seq)
            guard isMeant else {
                hasLeftOut = true
                continue
            }
            BatchQuery.copy(row, to: &batch, raw: raw, followsGap: hasLeftOut && !batch.isEmpty)
            hasLeftOut = false
            if batch.count >= limit.events || batch.text.count >= limit.bytes { break }
        }
        return ReplayBatch(events: batch, scannedThrough: Seq(scanned), isLast: scanned >= self.end)
    }

    /// The last `seq` that a slice may reach: `rows` numbers from the stream's next event on, which are at
    /// most that many events.
    private func reach(_ db: Database, after: Int64) throws -> Int64 {
        let next = try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT seq FROM event INDEXED BY event_stream
                    WHERE stream_id = ? AND seq > ? ORDER BY seq LIMIT 1
                    """
            ),
            arguments: [stream.value, after]
        )
        guard let next, next < end else { return end }
        return min(end, next + Int64(Self.rows))
    }

    static func chosenSQL(raw: Bool) -> String {
        """
        SELECT \(BatchQuery.columns)\(raw ? ", r.raw" : "")
        FROM replay_event x CROSS JOIN event e ON e.seq = x.seq
            \(raw ? "LEFT JOIN record r ON r.seq = e.seq" : "")
        WHERE x.replay_id = ? AND x.seq > ? AND x.seq <= ? ORDER BY x.seq LIMIT \(rows)
        """
    }

    /// The events of `replay_event`.
    private func chosen(_ db: Database, after: Int64, _ limit: BatchLimit, raw: Bool) throws -> ReplayBatch {
        let row = try RawStatement(db, Self.chosenSQL(raw: raw))
        defer { row.release() }
        row.bind(replay, at: 1)
        row.bind(after, at: 2)
        row.bind(end, at: 3)
        let between = try RawStatement(
            db,
            "SELECT 1 FROM event INDEXED BY event_stream WHERE stream_id = ? AND seq > ? AND seq < ? LIMIT 1"
        )
        defer { between.release() }
        between.bind(stream.value, at: 1)
        let streamOf = try RawStatement(db, "SELECT stream_id FROM event WHERE seq = ?")
        defer { streamOf.release() }
        var batch = EventBatch(stream: stream)
        var (scanned, looked) = (after, 0)
        while try row.step() {
            looked += 1
            scanned = row.int(0)
            streamOf.bind(scanned, at: 1)
            let isOurs = try streamOf.step() && streamOf.int(0) == stream.value
            streamOf.reset()
            guard isOurs else { continue }
            var followsGap = false
            if let before = batch.last {
                between.bind(before.value, at: 2)
                between.bind(scanned, at: 3)
                followsGap = try between.step()
                between.reset()
            }
            BatchQuery.copy(row, to: &batch, raw: raw, followsGap: followsGap)
            if batch.count >= limit.events || batch.text.count >= limit.bytes {
                return ReplayBatch(events: batch, scannedThrough: Seq(scanned), isLast: scanned >= end)
            }
        }
        if looked == Self.rows {
            return ReplayBatch(events: batch, scannedThrough: Seq(scanned), isLast: scanned >= end)
        }
        return ReplayBatch(events: batch, scannedThrough: Seq(end), isLast: true)
    }
}

/// Which events of its window a replay sends (`replay.mode`).
enum ReplayMode: String, Sendable {
    /// All events.
    case window
    /// Events that the ledger does not show as delivered.
    case missing
    /// Exactly the events of `replay_event`.
    case events
}

extension Replay.State {
    /// True while it may still send.
    package var isUnfinished: Bool { self == .running || self == .paused }
}

/// Reads the `seq` of a stream's events in a time window, in slices and only from an index.
struct WindowQuery: Sendable {
    /// Rows per slice, about 20 ms: no read transaction is open longer than one second.
    static let slice = 200_000

    let stream: StreamID
    let basis: ReplayBasis
    let to: Timestamp
    /// The position in the index after which the next slice begins.
    private var time: Int64
    private var seq: Int64 = -1
    private(set) var isAtEnd = false

    init(of stream: StreamID, basis: ReplayBasis, from: Timestamp, to: Timestamp) {
        self.stream = stream
        self.basis = basis
        self.to = to
        time = from.milliseconds
    }

    static func sql(_ basis: ReplayBasis) -> String {
        let column = "\(basis.rawValue)_ms"
        return """
            SELECT \(column), seq FROM event INDEXED BY event_\(basis.rawValue)
            WHERE stream_id = ? AND \(column) >= ? AND \(column) < ? AND (\(column) > ? OR seq > ?)
            ORDER BY \(column), seq LIMIT \(slice)
            """
    }

    /// Passes on the next slice, in the order of time.
    mutating func next(_ db: Database, _ take: (Int64) -> Void) throws {
        let statement = try RawStatement(db, Self.sql(basis))
        defer { statement.release() }
        statement.bind(stream.value, at: 1)
        statement.bind(time, at: 2)
        statement.bind(to.milliseconds, at: 3)
        statement.bind(time, at: 4)
        statement.bind(seq, at: 5)
        var count = 0
        while try statement.step() {
            count += 1
            time = statement.int(0)
            seq = statement.int(1)
            take(seq)
        }
        isAtEnd = count < Self.slice
    }
}
