import GRDB
package import SpoolCore
import Synchronization

/// The spool: events, where each stream and each sink is, and the ledger of what was delivered.
///
/// One process opens it for writing; it has one writing connection, which alone checkpoints. Every operation
/// is one transaction or one short read, and is durable when it returns. Cancelling the calling task never
/// breaks one off half-way: what has begun ends, and its result is lost at worst.
package final class Spool: Sendable {
    /// Where the database file is.
    package let path: String
    /// True when the process that had it open for writing before did not close it.
    package let endedUncleanly: Bool

    let files: SpoolFiles
    let options: SpoolOptions
    let reserve: Reserve
    let wal: WALKeeper
    let pauseGate: Mutex<PauseGate>
    /// How many replays are being planned.
    private let planned = Mutex(0)
    /// How far back, by each source's clock, ids of deleted events are kept (`PrunedIDs`).
    private let idsKept = Mutex(Duration.days(3))
    private let reader: any DatabaseReader
    private let writer: DatabasePool?
    private let lock: SpoolLock?
    private let run: Int64
    /// Set once reading, writing or syncing has failed: then nothing is written any more, since a second
    /// fsync may claim success for pages that are gone (Linux reports a failed write-back once).
    private let broken = Mutex<StoreError?>(nil)

    init(
        files: SpoolFiles,
        options: SpoolOptions,
        reader: any DatabaseReader,
        writer: DatabasePool?,
        lock: SpoolLock?,
        run: Int64,
        endedUncleanly: Bool
    ) {
        path = files.path
        self.files = files
        self.options = options
        self.reader = reader
        self.writer = writer
        self.lock = lock
        self.run = run
        self.endedUncleanly = endedUncleanly
        reserve = Reserve(files: files, bytes: options.reserveBytes)
        wal = WALKeeper(path: files.wal, limit: options.walLimit)
        pauseGate = Mutex(PauseGate(maxBytes: options.maxBytes, lowDiskBytes: options.lowDiskBytes))
    }

    /// `retention.max_size`, as set last.
    var maxBytes: Int64 { pauseGate.withLock { $0.maxBytes } }

    /// Sets how many bytes pages in use may fill, from now on.
    package func limit(to maxBytes: Int64) {
        pauseGate.withLock { $0.maxBytes = maxBytes }
    }

    /// Checkpoints that failed since the start, other than for a reader in the way.
    package var checkpointFailures: Int { wal.failures }

    /// Sets for how long the ids of events that retention deletes are kept: as far as audits look back, and a
    /// day more.
    ///
    /// The retention that comes next goes by it.
    package func keepIDs(ofAuditsOver window: Duration) { idsKept.withLock { $0 = window + .days(1) } }

    /// For how long ids of deleted events are kept.
    var keptIDs: Duration { idsKept.withLock { $0 } }

    /// True while a replay is planned: what was deleted between its plan and its row would be in its total,
    /// and never be sent.
    var isPlanning: Bool { planned.withLock { $0 > 0 } }

    /// Has retention delete nothing while `body` runs.
    func planning<Value: Sendable>(_ body: () async throws(StoreError) -> Value) async throws(StoreError)
        -> Value
    {
        planned.withLock { $0 += 1 }
        defer { planned.withLock { $0 -= 1 } }
        // A slice of retention that has begun ends before this; the next one looks again.
        try await write { _ in }
        return try await body()
    }

    /// Ends in good order: everything is in the database file, the WAL is empty, the lock is free.
    ///
    /// Nothing may be called afterwards.
    package func close(at now: Timestamp) async throws(StoreError) {
        if writer != nil {
            let run = run
            try await write { db in
                try db.execute(
                    sql: "UPDATE run SET ended_ms = ? WHERE id = ?",
                    arguments: [now.milliseconds, run]
                )
            }
            _ = try await writeWithoutTransaction { [wal] db in wal.truncate(db) }
        }
        try letGo()
    }

    /// Closes the connections and frees the lock, and notes no end: as if the process had been ended.
    func letGo() throws(StoreError) {
        do {
            try reader.close()
        } catch {
            throw StoreError(error, path: path)
        }
        lock?.release()
    }

    /// Runs `body` in one `BEGIN IMMEDIATE … COMMIT` on the writing connection; durable on return.
    ///
    /// On a full disk the WAL is emptied into the file and the transaction tried once more; with
    /// `mayUseReserve` a third time, without the reserve. Intake must leave it alone: it would eat what
    /// settling and pruning need.
    func write<Value: Sendable>(
        mayUseReserve: Bool = true,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await onWriter { [self] db in
            do {
                return try transaction(db, body)
            } catch let error as StoreError where error.kind == .full {
                wal.truncate(db)
            }
            do {
                return try transaction(db, body)
            } catch let error as StoreError where error.kind == .full && mayUseReserve && reserve.giveUp() {
                wal.truncate(db)
                return try transaction(db, body)
            }
        }
    }

    /// Runs `body` on the writing connection, which is in no transaction.
    func writeWithoutTransaction<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await onWriter(body)
    }

    /// Runs `body` in one snapshot of the spool; it must be short.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let path = path
        // GRDB's async overloads break off when the task is cancelled; these do not.
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            reader.asyncRead { db in
                let result = Result { try body(db.get()) }
                continuation.resume(returning: result.mapError { StoreError(whileOpen: $0, path: path) })
            }
        }
        return try result.get()
    }

    private func transaction<Value>(_ db: Database, _ body: (Database) throws -> Value) throws(StoreError)
        -> Value
    {
        do {
            var value: Value?
            try db.inTransaction(.immediate) {
                value = try body(db)
                return .commit
            }
            guard let value else {
                throw StoreError(.io, "A transaction of the spool \(path) returned no result.")
            }
            wal.committed(db)
            return value
        } catch {
            let error = StoreError(whileOpen: error, path: path)
            if error.kind == .io || error.kind == .damaged { broken.withLock { $0 = $0 ?? error } }
            throw error
        }
    }

    private func onWriter<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        guard let writer else {
            throw StoreError(.readOnly, "The spool \(path) is open read-only.")
        }
        if let error = broken.withLock({ $0 }) { throw error }
        let path = path
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            writer.asyncWriteWithoutTransaction { db in
                let result = Result { try body(db) }
                continuation.resume(returning: result.mapError { StoreError(whileOpen: $0, path: path) })
            }
        }
        return try result.get()
    }
}
