import GRDB
package import SpoolCore
import Synchronization

/// The ids of one stream's window while they are compared: a file next to the spool, so that memory use does
/// not depend on the size of the window.
///
/// The file is useless after a crash and removed by `close`. This object is its only writer, and uses no
/// space that the spool on the same disk needs.
///
/// An id belongs to the source, to the spool, or to both; for each sink that does not have the event there is
/// a row in `lack`.
package final class ProofScratch: Sendable {
    /// Ids per slice.
    package static let slice = 20_000

    /// An id that the source shows and the spool does not have.
    package struct Unknown: Sendable {
        package let id: String
        /// Nil for a record that could not be parsed: it has no time of its own.
        package let time: Timestamp?

        package init(id: String, time: Timestamp?) {
            self.id = id
            self.time = time
        }
    }

    /// An event that a sink does not have.
    package struct Lack: Sendable {
        package let id: String
        /// Nil for one that retention has deleted.
        package let seq: Seq?
        package let standing: DeliveryStanding
    }

    /// Ids in byte order, each followed by a line feed.
    package struct Lists: Sendable {
        package fileprivate(set) var source: [UInt8] = []
        package fileprivate(set) var spool: [UInt8] = []
        /// The ids that each sink has.
        package fileprivate(set) var sinks: [[UInt8]]
        package fileprivate(set) var counts: (source: Int, spool: Int, gone: Int, all: Int) = (0, 0, 0, 0)
        package fileprivate(set) var sinkCounts: [Int]
        /// The last id; nil when there are no more.
        package fileprivate(set) var last: String?
    }

    private let queue: DatabaseQueue
    private let file: ScratchFile
    private let room: @Sendable () -> Int64
    /// The last row of `pruned` that was copied to `deleted`.
    let lastPruned = Mutex<Int64>(0)

    /// Creates an empty file next to a spool.
    ///
    /// `room` returns how many more bytes of the disk it may use; it is called before each write.
    ///
    /// - Throws: `.locked` when another process has such a file there.
    package init(beside spool: String, room: @escaping @Sendable () -> Int64 = { .max })
        throws(StoreError)
    {
        let file = try ScratchFile(Self.path(beside: spool))
        do {
            queue = try Self.open(file.path)
        } catch {
            file.remove()
            throw StoreError(error, path: file.path)
        }
        (self.file, self.room) = (file, room)
    }

    static func path(beside spool: String) -> String { spool + ".verify" }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "spool.verify"
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                    PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384; PRAGMA temp_store = FILE;
                    """
            )
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE mark (id TEXT PRIMARY KEY, time INTEGER, source INTEGER NOT NULL,
                        spool INTEGER NOT NULL, readable INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    CREATE INDEX unknown ON mark (id) WHERE source > 0 AND spool = 0;
                    CREATE TABLE lack (sink INTEGER, id TEXT, seq INTEGER, standing INTEGER NOT NULL,
                        PRIMARY KEY (sink, id)) STRICT, WITHOUT ROWID;
                    CREATE TABLE deleted (hash INTEGER, sink INTEGER, lost INTEGER NOT NULL,
                        PRIMARY KEY (hash, sink)) STRICT, WITHOUT ROWID;
                    """
            )
        }
        return queue
    }

    /// Closes and removes the file.
    package func close() {
        // The file is not needed any more, so errors of closing do not matter.
        try? queue.close()
        file.remove()
    }

    /// Removes the file that a killed process has left next to a spool; a file in use by another process
    /// stays.
    package static func removeLeft(beside spool: String) {
        let path = path(beside: spool)
        guard SpoolFiles.exists(path), let left = try? ScratchFile(path) else { return }
        left.remove()
    }

    /// Refuses to grow into the disk space that the spool needs.
    func checkRoom() throws(StoreError) {
        guard room() < ScratchRoom.atOnce else { return }
        throw StoreError(
            .full,
            "The disk of \(file.path) is too full: verify stopped at "
                + "\(ByteSize.text(SpoolFiles.size(of: file.path))) of ids, to leave the space that the "
                + "spool needs. Free space on that disk, or verify shorter windows."
        )
    }

    /// Adds ids that the source shows; with `again`, only marks known ids as shown a second time.
    package func addSource(_ ids: [Unknown], again: Bool = false) async throws(StoreError) {
        try checkRoom()
        try await run { db in
            if again {
                let statement = try db.cachedStatement(sql: "UPDATE mark SET source = 2 WHERE id = ?")
                for id in ids { try statement.execute(arguments: [id.id]) }
                return
            }
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO mark (id, time, source, spool, readable) VALUES (?, ?, 1, 0, 1)
                    ON CONFLICT (id) DO UPDATE SET source = 1
                    """
            )
            for id in ids { try statement.execute(arguments: [id.id, id.time?.milliseconds]) }
        }
    }

    /// Adds events of the spool, and which sinks do not have them.
    package func addSpooled(_ rows: [ProofSlice.Row]) async throws(StoreError) {
        try checkRoom()
        try await run { db in
            let mark = try db.cachedStatement(
                sql: """
                    INSERT INTO mark (id, time, source, spool, readable) VALUES (?, NULL, 0, 1, ?)
                    ON CONFLICT (id) DO UPDATE SET spool = 1
                    """
            )
            let lack = try db.cachedStatement(
                sql: "INSERT OR REPLACE INTO lack (sink, id, seq, standing) VALUES (?, ?, ?, ?)"
            )
            for row in rows {
                try mark.execute(arguments: [row.id, row.isReadable])
                for (sink, standing) in row.standings.enumerated() where !standing.isDelivered {
                    try lack.execute(arguments: [sink, row.id, row.seq.value, standing.rawValue])
                }
            }
        }
    }

    /// Ids that the source shows and the spool does not have, in slices.
    package func unknown(after id: String) async throws(StoreError) -> [Unknown] {
        try await run { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, time FROM mark INDEXED BY unknown WHERE source > 0 AND spool = 0 AND id > ?
                    ORDER BY id LIMIT 5000
                    """,
                arguments: [id]
            )
            .map { Unknown(id: $0[0], time: Timestamp($0[1] as Int64?)) }
        }
    }

    /// Deletes ids that the source did not show a second time and that the spool does not have.
    package func dropUnconfirmed() async throws(StoreError) {
        try await run { try $0.execute(sql: "DELETE FROM mark WHERE source = 1 AND spool = 0") }
    }

    /// Events that a sink does not have, in slices.
    package func lacks(of sink: Int, after id: String) async throws(StoreError) -> [Lack] {
        try await run { db in
            try Row.fetchAll(
                db,
                sql: "SELECT id, seq, standing FROM lack WHERE sink = ? AND id > ? ORDER BY id LIMIT 5000",
                arguments: [sink, id]
            )
            .map { row in
                Lack(
                    id: row[0],
                    seq: (row[1] as Int64?).map { Seq($0) },
                    standing: DeliveryStanding(rawValue: row[2]) ?? .unsettled
                )
            }
        }
    }

    /// Updates the delivery states of events at a sink; nil for an event that retention has deleted.
    ///
    /// - Returns: the new state of each event. For a deleted event, the state that retention has recorded
    ///   (`addDeleted`) counts, and a doubtful one stays doubtful; of any other deleted event it is only
    ///   known that every sink had settled it.
    package func change(_ lacks: [Lack], to standings: [DeliveryStanding?], of sink: Int)
        async throws(StoreError)
        -> [DeliveryStanding]
    {
        try await run { db in
            let gone = try db.cachedStatement(sql: "DELETE FROM lack WHERE sink = ? AND id = ?")
            let other = try db.cachedStatement(
                sql: "UPDATE lack SET standing = ?, seq = ? WHERE sink = ? AND id = ?"
            )
            return try zip(lacks, standings).map { lack, standing in
                let now =
                    try standing ?? Self.standing(ofDeleted: lack.id, at: sink, db)
                    ?? (lack.standing == .doubtful ? .doubtful : .pruned)
                if now.isDelivered {
                    try gone.execute(arguments: [sink, lack.id])
                } else if now != lack.standing || standing == nil {
                    let seq = standing == nil ? nil : lack.seq?.value
                    try other.execute(arguments: [now.rawValue, seq, sink, lack.id])
                }
                return now
            }
        }
    }

    /// Number of events that a sink does not have, by delivery state.
    package func count(of sink: Int) async throws(StoreError) -> [DeliveryStanding: Int] {
        try await run { db in
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT standing, count(*) FROM lack WHERE sink = ? GROUP BY standing",
                arguments: [sink]
            )
            return Dictionary(
                rows.compactMap { row in DeliveryStanding(rawValue: row[0]).map { ($0, row[1] as Int) } }
            ) { first, _ in first }
        }
    }

    /// The next ids of all lists, in order.
    package func lists(after id: String, sinks: Int) async throws(StoreError) -> Lists {
        try await run { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT id, source, spool, readable FROM mark WHERE id > ? ORDER BY id LIMIT \(Self.slice)
                    """,
                arguments: [id]
            )
            let lack = try db.cachedStatement(sql: "SELECT 1 FROM lack WHERE sink = ? AND id = ?")
            var lists = Lists(
                sinks: Array(repeating: [], count: sinks),
                sinkCounts: Array(repeating: 0, count: sinks)
            )
            while let row = try rows.next() {
                let id: String = row[0]
                let (isShown, isSpooled) = ((row[1] as Int) > 0, (row[2] as Int) > 0)
                lists.last = id
                lists.counts.all += 1
                if isShown { lists.counts.source += 1 }
                if isShown { lists.source.append(line: id) }
                guard isSpooled else { continue }
                lists.counts.spool += 1
                if !isShown, row[3] { lists.counts.gone += 1 }
                lists.spool.append(line: id)
                for sink in 0..<sinks
                where try Int.fetchOne(lack, arguments: [sink, id]) == nil {
                    lists.sinks[sink].append(line: id)
                    lists.sinkCounts[sink] += 1
                }
            }
            return lists
        }
    }

    /// The hours that contain ids missing from the spool; nil for ids without a time.
    package func hoursOfUnknown() async throws(StoreError) -> [Int64?] {
        try await run { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT time / 3600000 FROM mark INDEXED BY unknown WHERE source > 0 AND spool = 0
                    ORDER BY 1
                    """
            )
            .map { $0[0] }
        }
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value)
        async throws(StoreError) -> Value
    {
        let path = file.path
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            queue.asyncWriteWithoutTransaction { db in
                let result = Result {
                    var value: Value?
                    try db.inTransaction {
                        value = try body(db)
                        return .commit
                    }
                    guard let value else {
                        throw StoreError(.io, "A transaction of the file \(path) returned no result.")
                    }
                    return value
                }
                continuation.resume(returning: result.mapError { StoreError($0, path: path) })
            }
        }
        return try result.get()
    }
}

extension [UInt8] {
    fileprivate mutating func append(line text: String) {
        append(contentsOf: text.utf8)
        append(UInt8(ascii: "\n"))
    }
}
