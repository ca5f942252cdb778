import GRDB
import SpoolCore

/// Copies what can be read of the tables of a damaged spool, which is attached as `old`.
///
/// SQLite reads a table up to a damaged page. The copy then passes over it: it looks for the next row that
/// can be
/// read, at distances that double, and goes on there.
struct TableCopy {
    /// Rows copied with one statement.
    private static let most = 2_000

    let db: Database
    /// The columns of each table in the damaged spool, which may have an older schema.
    private let oldColumns: [String: Set<String>]

    init(_ db: Database) {
        self.db = db
        var found: [String: Set<String>] = [:]
        // Without a readable schema nothing can be copied.
        let names =
            (try? String.fetchAll(db, sql: "SELECT name FROM old.sqlite_schema WHERE type = 'table'")) ?? []
        for name in names {
            let columns = try? String.fetchAll(
                db,
                sql: "SELECT name FROM pragma_table_info(?, 'old')",
                arguments: [name]
            )
            found[name] = Set(columns ?? [])
        }
        oldColumns = found
    }

    /// True when the damaged spool's schema names this table.
    func has(_ table: String) -> Bool { !(oldColumns[table] ?? []).isEmpty }

    private func columns(of table: String) throws -> String {
        let old = oldColumns[table] ?? []
        return try String.fetchAll(
            db,
            sql: "SELECT name FROM pragma_table_info(?, 'main')",
            arguments: [table]
        )
        .filter { old.contains($0) }.joined(separator: ", ")
    }

    /// Copies a table with rowids, in their order.
    ///
    /// - Returns: the ranges of rowids in which rows could not be read; an open range ends at `Int64.max`.
    func copyRows(of table: String) throws -> [ClosedRange<Int64>] {
        guard has(table) else { return [Int64.min...Int64.max] }
        let columns = try columns(of: table)
        let copy = """
            INSERT OR IGNORE INTO main.\(table) (\(columns))
            SELECT \(columns) FROM old.\(table) WHERE rowid >= ? ORDER BY rowid LIMIT ?
            """
        let reach = """
            SELECT count(*), max(id) FROM (
                SELECT rowid AS id FROM old.\(table) WHERE rowid >= ? ORDER BY rowid LIMIT ?)
            """
        var holes: [ClosedRange<Int64>] = []
        var (next, limit) = (Int64.min, Self.most)
        while true {
            do {
                try db.execute(sql: copy, arguments: [next, limit])
                guard let row = try Row.fetchOne(db, sql: reach, arguments: [next, limit]),
                    let last: Int64 = row[1]
                else { return holes }
                let read: Int = row[0]
                if read < limit || last == .max { return holes }
                next = last + 1
                limit = min(Self.most, limit * 8)
            } catch {
                try Self.check(error)
                if limit > 1 {
                    limit = max(1, limit / 8)
                    continue
                }
                guard let found = try nextReadable(in: table, from: next) else {
                    holes.append(next ... .max)
                    return holes
                }
                holes.append(next...max(next, found - 1))
                next = max(found, next + 1)
            }
        }
    }

    /// Copies a table without rowids: from both ends up to the damage.
    ///
    /// - Returns: true when all of it could be read.
    @discardableResult
    func copyKeys(of table: String) throws -> Bool {
        guard has(table) else { return false }
        let columns = try columns(of: table)
        do {
            try db.execute(
                sql: "INSERT OR IGNORE INTO main.\(table) (\(columns)) SELECT \(columns) FROM old.\(table)"
            )
            return true
        } catch {
            try Self.check(error)
        }
        let key = try String.fetchAll(
            db,
            sql: "SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk",
            arguments: [table]
        )
        for direction in ["ASC", "DESC"] {
            let order = key.map { "\($0) \(direction)" }.joined(separator: ", ")
            do {
                let rows = try Row.fetchCursor(
                    db,
                    sql: "SELECT \(columns) FROM old.\(table) ORDER BY \(order)"
                )
                while let row = try rows.next() {
                    try db.execute(
                        sql: "INSERT OR IGNORE INTO main.\(table) (\(columns)) "
                            + "VALUES (\(row.map { _ in "?" }.joined(separator: ", ")))",
                        arguments: StatementArguments(row.databaseValues)
                    )
                }
            } catch {
                try Self.check(error)
            }
        }
        return false
    }

    /// The first rowid from `start` on at which the damaged table can be read again; nil when there is none.
    private func nextReadable(in table: String, from start: Int64) throws -> Int64? {
        let sql = "SELECT rowid FROM old.\(table) WHERE rowid >= ? ORDER BY rowid LIMIT 1"
        func look(_ rowid: Int64) throws -> (isReadable: Bool, found: Int64?) {
            do {
                return (true, try Int64.fetchOne(db, sql: sql, arguments: [rowid]))
            } catch {
                try Self.check(error)
                return (false, nil)
            }
        }
        // The row of `start` itself cannot be copied, although its key may be readable.
        let base = max(start, 0)
        var (low, step) = (base, Int64(1))
        while true {
            let place = base + step
            let seen = try look(place)
            if seen.isReadable {
                guard var found = seen.found else { return nil }
                var high = place
                while high - low > 1 {
                    let middle = low + (high - low) / 2
                    let seen = try look(middle)
                    if seen.isReadable, let nearer = seen.found {
                        (high, found) = (middle, nearer)
                    } else {
                        low = middle
                    }
                }
                return found
            }
            low = place
            guard step < 1 << 52 else { return nil }
            step *= 2
        }
    }

    /// Rethrows every error that is not about the damaged spool's content.
    private static func check(_ error: any Error) throws {
        guard let error = error as? DatabaseError else { throw error }
        switch error.resultCode.primaryResultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG,
            .SQLITE_ERROR:
            return
        case .SQLITE_IOERR
        where [.SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_CORRUPTFS]
            .contains(error.extendedResultCode):
            return
        default: throw error
        }
    }
}
