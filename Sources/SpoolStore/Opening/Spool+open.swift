import GRDB
package import SpoolCore

extension Spool {
    /// Opens the spool for writing, and creates it if there is none.
    ///
    /// Takes the lock, upgrades the schema, checks the structure, and closes connections that a crash left
    /// open. Does not touch a file that it rejects.
    ///
    /// With `options.recovers` a spool that is damaged or gone is not rejected: what can be read is kept, the
    /// rest
    /// comes from the copy of its state, and `recovery` says what was done.
    ///
    /// - Throws: `.locked`, `.readOnly`, `.damaged`, `.newerSchema`; `.full` when releasing the reserve does
    ///   not help either.
    package static func open(
        path: String,
        options: SpoolOptions = SpoolOptions(),
        at now: Timestamp
    ) throws(StoreError) -> Spool {
        try SpoolFiles.checkLinks(of: path)
        let files = SpoolFiles(path: path)
        let lock = try SpoolLock(files, holder: options.holder)
        let reserve = Reserve(files: files, bytes: options.reserveBytes)
        var opened: Opened
        do throws(StoreError) {
            opened = try recovering(files, options, at: now)
        } catch {
            guard error.kind == .full, reserve.giveUp() else { throw error }
            opened = try recovering(files, options, at: now)
        }
        reserve.make(sparing: options.lowDiskBytes)
        let spool = Spool(
            files: files,
            options: options,
            reader: opened.pool,
            writer: opened.pool,
            lock: lock,
            run: opened.run,
            endedUncleanly: opened.endedUncleanly,
            review: opened.review,
            recovery: opened.recovery
        )
        opened.pool.writeWithoutTransaction { spool.wal.attach(to: $0) }
        return spool
    }

    /// Opens an existing spool read-only, without the lock; a daemon may have it open.
    package static func openReadOnly(path: String) throws(StoreError) -> Spool {
        guard SpoolFiles.exists(path) else {
            throw StoreError(
                .readOnly,
                "There is no spool at \(path). Start `spool run` first, or give its configuration with "
                    + "`--config`."
            )
        }
        do {
            let reader = try Connections.reader(path)
            try reader.read { db in
                try Migrations.check(db, path: path)
                try SchemaCheck.run(db, path: path)
                guard try Int.fetchOne(db, sql: "PRAGMA user_version") == Migrations.all.count else {
                    throw StoreError(
                        .readOnly,
                        "The spool \(path) has an older schema. Start `spool run` once to upgrade it."
                    )
                }
            }
            return Spool(
                files: SpoolFiles(path: path),
                options: SpoolOptions(),
                reader: reader,
                writer: nil,
                lock: nil,
                run: 0,
                endedUncleanly: false
            )
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// The process that has a spool open for writing, as `123 (spool run)`; nil when there is none.
    package static func holder(ofSpoolAt path: String) -> String? {
        SpoolLock.holder(of: SpoolFiles(path: path))
    }

    private struct Opened {
        let pool: DatabasePool
        let run: Int64
        let endedUncleanly: Bool
        let review: ClockReview?
        /// What a recovery did, for the log.
        var recovery: String?
    }

    private static func recovering(
        _ files: SpoolFiles,
        _ options: SpoolOptions,
        at now: Timestamp
    ) throws(StoreError) -> Opened {
        let recovery = Recovery(files: files, options: options, now: now)
        try recovery.finishExchange()
        guard !recovery.isMissing else {
            guard options.recovers else {
                throw StoreError(
                    .damaged,
                    "The spool \(files.path) is missing, but \(files.state) shows that it existed. Put the file back, "
                        + "or start `spool run`, which restores its positions and reads the missing time again."
                )
            }
            let text = try recovery.run(.missing, because: "the file was gone")
            return try prepare(files, options, recovered: text, at: now)
        }
        do throws(StoreError) {
            return try prepare(files, options, at: now)
        } catch {
            guard options.recovers, recovery.canRepair(error) else { throw error }
            var options = options
            options.suspicion = nil
            let text = try recovery.run(.damaged, because: error.description)
            return try prepare(files, options, recovered: text, at: now)
        }
    }

    private static func prepare(
        _ files: SpoolFiles,
        _ options: SpoolOptions,
        recovered: String? = nil,
        at now: Timestamp
    ) throws(StoreError) -> Opened {
        try files.createDatabase()
        do {
            if SpoolFiles.size(of: files.journal) > 0 {
                // A crash before the first switch to WAL mode left a rollback journal, which a read-only
                // connection
                // may not apply.
                let queue = try Connections.rollback(files.path)
                try queue.close()
            }
            if SpoolFiles.size(of: files.path) > 0 {
                // Read first: opening for writing would switch another program's file to WAL mode and write
                // to a damaged file.
                let reader = try Connections.reader(files.path)
                try reader.read { db in
                    try Migrations.check(db, path: files.path)
                    try SchemaCheck.run(db, path: files.path)
                    try StructureCheck.run(db, files: files)
                    if let suspicion = try options.suspicion ?? StructureCheck.suspicion(db, files: files) {
                        options.report("reading the whole spool \(files.path): \(suspicion)")
                        try StructureCheck.whole(db, path: files.path)
                    }
                }
                try reader.close()
            }
            let pool = try Connections.pool(files.path, options: options)
            return try pool.writeWithoutTransaction { db in
                try Migrations.run(db, path: files.path)
                let endedUncleanly = try StructureCheck.endedUncleanly(db)
                let review = try ClockReview(db, at: now)
                var run: Int64 = 0
                var recovery = recovered
                let state = options.recovers && recovered == nil ? StateCopy.read(files) : nil
                try db.inTransaction(.immediate) {
                    if let state {
                        recovery = try OlderCopy(state: state, path: files.path, now: now).run(db)
                    }
                    run = try begin(db, holder: options.holder, afterUncleanEnd: endedUncleanly, at: now)
                    return .commit
                }
                return Opened(
                    pool: pool,
                    run: run,
                    endedUncleanly: endedUncleanly,
                    review: review,
                    recovery: recovery
                )
            }
        } catch {
            throw StoreError(error, path: files.path)
        }
    }

    /// Records that the spool is open, and cleans up after the previous run.
    private static func begin(
        _ db: Database,
        holder: String,
        afterUncleanEnd: Bool,
        at now: Timestamp
    ) throws -> Int64 {
        if afterUncleanEnd { try db.execute(sql: PoisonMarks.countSQL) }
        try db.execute(sql: "UPDATE crash_mark SET is_set = 0 WHERE is_set = 1")
        try SinkConnections.closeLeftOpen(db)
        try db.execute(
            sql: "INSERT INTO run (holder, started_ms) VALUES (?, ?)",
            arguments: [holder, now.milliseconds]
        )
        let run = db.lastInsertedRowID
        try db.execute(sql: "DELETE FROM run WHERE id <= ?", arguments: [run - 1_000])
        return run
    }
}
