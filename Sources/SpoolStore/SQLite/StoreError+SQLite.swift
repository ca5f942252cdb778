import GRDB
import SpoolCore

extension StoreError {
    /// Converts any error of a store operation to one for the operator.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(sqlite: error, path: path)
        default: self.init(.io, "The spool \(path) cannot be used: \(error)")
        }
    }

    /// Converts an error of a spool that is already open.
    ///
    /// A file that was opened before can be opened again once the process has free descriptors, so this error
    /// is temporary.
    init(whileOpen error: any Error, path: String) {
        guard let error = error as? DatabaseError, error.resultCode.primaryResultCode == .SQLITE_CANTOPEN
        else {
            self.init(error, path: path)
            return
        }
        self.init(
            .busy,
            "SQLite could not open a file of the spool \(path) (SQLite "
                + "\(error.extendedResultCode.rawValue)). This process may have too many open files, or the "
                + "file or its permissions were changed. The operation is retried."
        )
    }

    private init(sqlite error: DatabaseError, path: String) {
        let said = error.message ?? "no message from SQLite"
        let code = "SQLite \(error.extendedResultCode.rawValue): \(said)"
        switch error.resultCode.primaryResultCode {
        case .SQLITE_FULL:
            self = .diskFull(path)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .readOnly,
                "The spool \(path) cannot be opened or written (\(code)). Give this user write access to "
                    + "the file and its folder, or set `spool.path` to another location."
            )
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .damaged(path, code)
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
            self.init(
                .busy,
                "The spool \(path) was locked by another connection for too long (\(code)). Close programs "
                    + "that have it open, such as a `sqlite3` shell inside a transaction."
            )
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_RANGE, .SQLITE_TOOBIG:
            self.init(.invalid, "The spool \(path) rejected the change (\(code)). It was rolled back.")
        default:
            self.init(
                .io,
                "Reading or writing the spool \(path) failed (\(code)). Check the disk and the kernel's "
                    + "log, then restart: events that were acknowledged are safe, the rest is fetched again."
            )
        }
    }

    /// The disk is full, with the remedy.
    static func diskFull(_ path: String) -> StoreError {
        StoreError(
            .full,
            "The disk of the spool \(path) is full. Nothing was lost: the source keeps what is not fetched "
                + "yet. Free space on the disk, or lower `spool.retention`."
        )
    }

    /// The file cannot be used, with the remedy.
    static func damaged(_ path: String, _ cause: String) -> StoreError {
        StoreError(
            .damaged,
            "The spool \(path) is damaged or not a spool: \(Sentence.ended(cause)) `spool run` repairs a damaged "
                + "spool when it starts: it keeps what can be read and fetches the rest again."
        )
    }
}
