import Foundation
import GRDB
import SpoolCore

/// The file of a backup; until it has been verified, a draft next to it.
struct BackupFile: Sendable {
    let path: String
    /// The draft, in the same folder, so that it only needs a new name.
    let draft: String

    /// Creates an empty draft.
    ///
    /// - Throws: `.invalid` when a file of either name exists, `.readOnly` when it cannot be created.
    init(_ path: String) throws(StoreError) {
        self.path = path
        draft = path + ".partial"
        guard !SpoolFiles.exists(path) else {
            throw StoreError(.invalid, "\(path) already exists; a backup never overwrites a file.")
        }
        let descriptor = open(draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, SpoolFiles.mode)
        guard descriptor >= 0 else {
            guard errno != EEXIST else {
                throw StoreError(
                    .invalid,
                    "\(draft) already exists: another backup is running, or one was killed. In the second "
                        + "case, remove the file."
                )
            }
            throw StoreError.file("write the backup \(path) as \(Self.user)", errno)
        }
        fchmod(descriptor, SpoolFiles.mode)
        close(descriptor)
    }

    /// Reads the whole draft back and makes it durable; on its own thread, because that may take minutes.
    func check(against counts: BackupCounts) async throws(StoreError) -> BackupReport {
        let queue: DatabaseQueue
        do {
            var configuration = Configuration()
            configuration.readonly = true
            queue = try DatabaseQueue(path: draft, configuration: configuration)
        } catch {
            throw StoreError(error, path: draft)
        }
        let result: Result<BackupReport, StoreError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.asyncRead { db in
                    let result = Result {
                        let report = try self.report(try db.get(), counts)
                        try self.sync()
                        return report
                    }
                    continuation.resume(returning: result.mapError { StoreError($0, path: draft) })
                }
            }
        } onCancel: {
            queue.interrupt()
        }
        // It has been read or abandoned, so errors do not matter.
        try? queue.close()
        if Task.isCancelled { throw .brokenOff }
        return try result.get()
    }

    private func report(_ db: Database, _ counts: BackupCounts) throws -> BackupReport {
        let found = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? "no answer"
        guard found == "ok" else { throw damaged(found) }
        let events = try Int.fetchOne(db, sql: "SELECT count(*) FROM event") ?? 0
        let records = try Int.fetchOne(db, sql: "SELECT count(*) FROM record") ?? 0
        let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM event") ?? 0
        let rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM ledger") ?? 0
        guard events == counts.events, records == events, last == counts.lastSeq, rows == counts.ledgerRows
        else {
            throw damaged(
                "it has \(events) events, \(records) records and \(rows) ledger rows; the spool had "
                    + "\(counts.events) events and \(counts.ledgerRows) ledger rows"
            )
        }
        return BackupReport(
            file: path,
            bytes: SpoolFiles.size(of: draft),
            events: events,
            streams: try Int.fetchOne(db, sql: "SELECT count(*) FROM stream") ?? 0,
            ledgerRows: rows,
            lastSeq: last
        )
    }

    private func sync() throws(StoreError) {
        let descriptor = open(draft, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.file("open \(draft)", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError.file("sync \(draft)", errno) }
    }

    /// Gives the draft its final name, if that is still free.
    func finish() throws(StoreError) {
        // Unlike rename(2), link(2) fails when the file exists.
        guard link(draft, path) == 0 else { throw StoreError.file("create the backup \(path)", errno) }
        remove()
        SpoolFiles(path: path).syncFolder()
    }

    func remove() {
        for name in [draft, draft + "-journal", draft + "-wal", draft + "-shm"] { unlink(name) }
    }

    /// Converts an error of the backup file, as opposed to one of the spool.
    func fault(_ code: Int32) -> StoreError {
        let store = StoreError(DatabaseError(resultCode: ResultCode(rawValue: code)), path: draft)
        guard store.kind == .full else {
            return StoreError(.readOnly, "The backup \(path) cannot be written: \(store.description)")
        }
        return StoreError(.full, "The disk of the backup \(path) is full; nothing was kept.")
    }

    private func damaged(_ what: String) -> StoreError {
        StoreError(
            .damaged,
            "The backup \(path) does not match the spool and was removed: \(Sentence.ended(what))"
        )
    }

    private static var user: String { "user id \(geteuid())" }
}

extension StoreError {
    /// The backup was cancelled.
    static let brokenOff = StoreError(
        .busy,
        "The backup was interrupted; nothing was kept."
    )
}
