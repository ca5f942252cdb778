import Foundation
import GRDB
import SpoolCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Puts a working spool in the place of one that is damaged, gone, or older than the last one seen here.
///
/// The new file is made as `<spool>.salvage` and, once it is complete and durable, renamed to
/// `<spool>.salvaged`. From
/// then on the exchange is finished at any later start: the old file is moved aside with its log, never
/// deleted, and
/// the new one takes its name.
struct Recovery {
    /// The kinds of `recovery.kind`.
    enum Kind: String {
        case damaged, missing, older, replaced
    }

    let files: SpoolFiles
    let options: SpoolOptions
    let now: Timestamp

    private var draft: String { files.path + ".salvage" }
    private var complete: String { Self.completePath(of: files) }

    /// Where a complete spool waits to take the place of the old one.
    static func completePath(of files: SpoolFiles) -> String { files.path + ".salvaged" }

    /// Finishes an exchange that was interrupted.
    func finishExchange() throws(StoreError) {
        guard SpoolFiles.exists(complete) else { return }
        // What lies at the name now has been salvaged already.
        if SpoolFiles.size(of: files.path) > 0 { try moveAside("replaced") }
        try exchange()
    }

    /// True when the spool existed and is gone: only the copy of its state is there.
    var isMissing: Bool {
        SpoolFiles.size(of: files.path) == 0 && SpoolFiles.exists(files.state)
    }

    /// True for an error of opening that a recovery answers: the file is damaged, or cannot be read, or it is
    /// not the
    /// spool of which a copy of the state is there.
    func canRepair(_ error: StoreError) -> Bool {
        switch error.kind {
        case .damaged:
            // Another program's file is repaired only where a spool is known to have been.
            return SpoolFiles.exists(files.state) || !isForeign
        case .io: return true
        case .newerSchema:
            // A changed number or a damaged schema, not another version, if this version wrote the state.
            guard let state = StateCopy.read(files) else { return false }
            return state.schema <= Migrations.all.count
        default: return false
        }
    }

    /// True for a database, or any other file, that has nothing of a spool.
    private var isForeign: Bool {
        guard let reader = try? Connections.reader(files.path) else { return true }
        defer { try? reader.close() }
        let tables = try? reader.read { db in
            try Int.fetchOne(
                db,
                sql:
                    "SELECT count(*) FROM sqlite_schema WHERE name IN ('event', 'record', 'stream', 'sink', 'ledger')"
            )
        }
        return (tables ?? 0) < 3
    }

    /// Makes a new spool from what can be read of the old one and from the copy of its state.
    ///
    /// - Parameters:
    ///   - kind: what happened to the file.
    ///   - error: what was found, for the operator.
    /// - Returns: what was done, for the log.
    /// - Throws: `.full`, `.readOnly` or `.io` when the new file cannot be written; the old one then stays.
    func run(_ kind: Kind, because error: String) throws(StoreError) -> String {
        let cause = RecoveryText.cause(error)
        let state = StateCopy.read(files)
        let hasOld = SpoolFiles.size(of: files.path) > 0
        let moved = hasOld ? asideName(kind == .damaged ? "damaged" : kind.rawValue) : nil
        options.report("repairing the spool \(files.path); this can take minutes: \(cause)")
        remove(draft)
        do {
            let text = try build(kind, cause, state, hasOld: hasOld, movedTo: moved)
            try sync(draft)
            guard rename(draft, complete) == 0 else { throw StoreError.file("rename \(draft)", errno) }
            files.syncFolder()
            if let moved { try moveAside(to: moved) }
            try exchange()
            return text
        } catch {
            remove(draft)
            throw StoreError(error, path: files.path)
        }
    }

    private func build(
        _ kind: Kind,
        _ cause: String,
        _ state: StateCopy?,
        hasOld: Bool,
        movedTo: String?
    ) throws -> String {
        try SpoolFiles(path: draft).createDatabase()
        var configuration = GRDB.Configuration()
        configuration.label = "spool.salvage"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // The draft is synced once, when it is complete. The journal is needed: a statement that meets a
            // damaged
            // page is rolled back.
            try db.execute(
                sql: """
                    PRAGMA page_size = \(Connections.pageSize);
                    PRAGMA auto_vacuum = INCREMENTAL;
                    PRAGMA journal_mode = MEMORY;
                    PRAGMA synchronous = OFF;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA cell_size_check = ON;
                    PRAGMA cache_size = -32768;
                    """
            )
        }
        let queue = try DatabaseQueue(path: draft, configuration: configuration)
        defer { try? queue.close() }
        let path = files.path
        return try queue.writeWithoutTransaction { db in
            try Migrations.run(db, path: path)
            // A file without a readable first page cannot be attached, or shows no table.
            let isReadable =
                hasOld && (try? db.execute(sql: "ATTACH DATABASE ? AS old", arguments: [path])) != nil
                && TableCopy(db).has("event")
            let outcome = try Salvage(db: db, state: state, hasOld: isReadable, now: now).run()
            if isReadable {
                // Detaching can fail on a damaged file; the connection is closed next anyway.
                try? db.execute(sql: "DETACH DATABASE old")
            }
            let found = try String.fetchOne(db, sql: "PRAGMA main.quick_check(1)") ?? "no answer"
            guard found == "ok" else {
                throw StoreError(.io, "The spool that was salvaged from \(path) is damaged: \(found).")
            }
            let message = RecoveryText(path: path, kind: kind, cause: cause, movedTo: movedTo, state: state)
                .message(outcome)
            try db.inTransaction(.immediate) {
                try Recoveries.note(db, kind, cause, movedTo: movedTo, outcome, message, at: now)
                return .commit
            }
            return message
        }
    }

    // MARK: Files

    private func exchange() throws(StoreError) {
        for name in [files.wal, files.path + "-shm", files.path + "-journal"] { unlink(name) }
        guard rename(complete, files.path) == 0 else {
            throw StoreError.file("rename \(complete) to \(files.path)", errno)
        }
        files.syncFolder()
    }

    private func asideName(_ word: String) -> String {
        let time = now.description.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        let name = "\(files.path).\(word)-\(time)"
        var number = 1
        while SpoolFiles.exists(number == 1 ? name : "\(name)-\(number)") { number += 1 }
        return number == 1 ? name : "\(name)-\(number)"
    }

    private func moveAside(_ word: String) throws(StoreError) { try moveAside(to: asideName(word)) }

    private func moveAside(to name: String) throws(StoreError) {
        // The log first: left beside the new file, it would be applied to it.
        for suffix in ["-wal", "-journal", ""] where SpoolFiles.exists(files.path + suffix) {
            guard rename(files.path + suffix, name + suffix) == 0 else {
                throw StoreError.file("move \(files.path + suffix) to \(name + suffix)", errno)
            }
        }
        files.syncFolder()
    }

    private func sync(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.file("open \(path)", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError.file("sync \(path)", errno) }
    }

    private func remove(_ path: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(path + suffix) }
    }
}

/// What a recovery tells the operator.
struct RecoveryText {
    let path: String
    let kind: Recovery.Kind
    let cause: String
    let movedTo: String?
    let state: StateCopy?

    func message(_ outcome: Salvage.Outcome) -> String {
        var parts = [what]
        if movedTo != nil || outcome.kept > 0 {
            parts.append(
                "\(Count.text(outcome.kept, "event")) \(Count.of(outcome.kept, "was", "were")) kept."
            )
        }
        if outcome.hasNoPositions {
            parts.append(
                "No copy of its positions was found: streams begin at their configured `start`. Read an earlier time "
                    + "with `spool replay start --refetch`."
            )
        } else if outcome.windows.isEmpty {
            parts.append("Nothing that a sink has not received is missing.")
        } else {
            let windows = outcome.windows.map { "\($0.stream) since \(Timestamp(milliseconds: $0.from))" }
            parts.append("Read again from the source: \(windows.joined(separator: ", ")).")
            if !outcome.sinks.isEmpty {
                parts.append("Sinks that may receive duplicates: \(outcome.sinks.joined(separator: ", ")).")
            }
        }
        if !outcome.cancelled.isEmpty {
            let ids = outcome.cancelled.map(String.init).joined(separator: ", ")
            parts.append("Cancelled replays, to be started again with `--refetch`: \(ids).")
        }
        if let movedTo { parts.append("The old file is \(movedTo).") }
        return parts.joined(separator: " ")
    }

    /// What was found, without the remedies of the error.
    static func cause(_ error: String) -> String {
        let found = error.components(separatedBy: " is damaged or not a spool: ").last ?? error
        return found.components(separatedBy: " `spool run` repairs").first ?? found
    }

    private var what: String {
        switch kind {
        case .damaged: return "The spool \(path) was damaged and has been repaired: \(Sentence.ended(cause))"
        case .missing:
            let age =
                state.map { " The copy of its state was written at \(Timestamp(milliseconds: $0.written))." }
                ?? ""
            return "The spool \(path) was missing and has been restored.\(age)"
        case .older: return "The spool \(path) is an older copy: \(Sentence.ended(cause))"
        case .replaced: return "The spool \(path) had been replaced by another file: \(Sentence.ended(cause))"
        }
    }
}
