import GRDB
package import SpoolCore
import Synchronization

/// The spool: events, the position of each stream and each sink, and the ledger of deliveries.
///
/// One process opens it for writing. It has one writing connection, the only one that checkpoints. Every
/// operation is one transaction or one short read, and is durable when it returns. Cancelling the calling
/// task never interrupts an operation: once started it completes; at worst its result is lost.
package final class Spool: Sendable {
    /// The path of the database file.
    package let path: String
    /// True when the previous process that had it open for writing did not close it.
    package let endedUncleanly: Bool

    /// What was done at the start because the file was damaged, missing or older than its last state; nil
    /// normally.
    package let recovery: String?

    let files: SpoolFiles
    let options: SpoolOptions
    let reserve: Reserve
    let wal: WALKeeper
    let pauseGate: Mutex<PauseGate>
    /// The time before the start whose length is unknown; nil once it is known.
    let clockReview: Mutex<ClockReview?>
    /// Lower bounds for the times of events that wait, for `saveState`.
    let waitingFloors = Mutex(WaitingFloors())
    /// The files that are open, by device and inode.
    private let identity: FileIdentity
    /// Number of replays that are being planned.
    private let planned = Mutex(0)
    /// How long, by each source's clock, ids of deleted events are kept (`PrunedIDs`).
    private let idsKept = Mutex(Duration.days(3))
    private let reader: any DatabaseReader
    private let writer: DatabasePool?
    private let lock: SpoolLock?
    private let run: Int64
    /// The id of this run (`run`).
    var runID: Int64 { run }
    /// Set once reading, writing or syncing has failed.
    ///
    /// After that nothing is written any more, because a second fsync may report success for pages that were
    /// lost (Linux reports a failed write-back only once).
    private let broken = Mutex<StoreError?>(nil)

    init(
        files: SpoolFiles,
        options: SpoolOptions,
        reader: any DatabaseReader,
        writer: DatabasePool?,
        lock: SpoolLock?,
        run: Int64,
        endedUncleanly: Bool,
        review: ClockReview? = nil,
        recovery: String? = nil
    ) {
        path = files.path
        self.files = files
        self.options = options
        self.reader = reader
        self.writer = writer
        self.lock = lock
        self.run = run
        self.endedUncleanly = endedUncleanly
        self.recovery = recovery
        identity = FileIdentity(files)
        clockReview = Mutex(review)
        reserve = Reserve(files: files, bytes: options.reserveBytes)
        wal = WALKeeper(path: files.wal, limit: options.walLimit)
        pauseGate = Mutex(PauseGate(maxBytes: options.maxBytes, lowDiskBytes: options.lowDiskBytes))
    }

    /// The current `retention.max_size`.
    var maxBytes: Int64 { pauseGate.withLock { $0.maxBytes } }

    /// Sets how many bytes pages in use may occupy from now on.
    package func limit(to maxBytes: Int64) {
        pauseGate.withLock { $0.maxBytes = maxBytes }
    }

    /// Checkpoints that failed since the start, except those that a reader blocked.
    package var checkpointFailures: Int { wal.failures }

    /// Sets how long the ids of events that retention deletes are kept: as far as audits look back, plus one
    /// day.
    ///
    /// The next run of retention uses it.
    package func keepIDs(ofAuditsOver window: Duration) { idsKept.withLock { $0 = window + .days(1) } }

    /// How long ids of deleted events are kept.
    var keptIDs: Duration { idsKept.withLock { $0 } }

    /// True while a replay is being planned.
    ///
    /// An event that is deleted between the planning and the insertion of the replay would be included in its
    /// total and never be sent.
    var isPlanning: Bool { planned.withLock { $0 > 0 } }

    /// Keeps retention from deleting anything while `body` runs.
    func planning<Value: Sendable>(_ body: () async throws(StoreError) -> Value) async throws(StoreError)
        -> Value
    {
        planned.withLock { $0 += 1 }
        defer { planned.withLock { $0 -= 1 } }
        // This waits for the current slice of retention; the next slice checks `isPlanning`.
        try await write { _ in }
        return try await body()
    }

    /// Checks that the files at the spool's path are still those that are open.
    ///
    /// - Throws: `.replaced`, with what has happened to them.
    package func checkFiles() throws(StoreError) {
        guard let change = identity.change(FileIdentity(files)) else { return }
        throw StoreError(
            .replaced,
            "\(change) while it was in use. The spool is reopened with everything it holds."
        )
    }

    /// Closes cleanly: everything is in the database file, the WAL is empty, the lock is free.
    ///
    /// No method may be called afterwards.
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

    /// Closes a spool that has failed, without writing to it.
    package func abandon() throws(StoreError) { try letGo() }

    /// Saves an open spool whose file was moved, deleted or replaced, and closes it.
    ///
    /// SQLite still reads the open file. It is copied beside its place; the next opening moves away what lies
    /// there
    /// now, and puts the copy in its place. Where only the -wal file is gone, its content is moved into the
    /// spool.
    package func rescue(at now: Timestamp) async throws(StoreError) {
        if identity.hasDatabase(FileIdentity(files)) { return try await close(at: now) }
        _ = try await backup(to: Recovery.completePath(of: files)) { _ in }
        try letGo()
    }

    /// Closes the connections and frees the lock without recording the end, as if the process had been
    /// killed.
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
    /// On a full disk the WAL is copied into the file and truncated, and the transaction is retried; with
    /// `mayUseReserve` the reserve is then released and the transaction retried once more. Fetching must not
    /// use the reserve: it would consume the space that settling and pruning need.
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

    /// Runs `body` on the writing connection outside of a transaction.
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
        // GRDB's async overloads stop when the task is cancelled; these do not.
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
