import GRDB
import SpoolCore

/// Checks that a spool has the columns that this program's migrations create.
///
/// `user_version` alone does not prove it: builds before the first release changed the first migration in
/// place. Such a spool would fail later with "no such column".
enum SchemaCheck {
    /// - Throws: `.newerSchema`, naming what is missing, when a table or view lacks a column of its version.
    static func run(_ db: Database, path: String) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version > 0, version <= Migrations.all.count else { return }
        let wanted = try columns(ofVersion: version)
        // SQLite cannot describe a view over a missing column, so tables are checked first.
        for type in ["table", "view"] {
            let found = try Set(columns(db, type: type))
            let missing = wanted.filter { $0.type == type && !found.contains($0) }
            guard let first = missing.first else { continue }
            let others = missing.count > 1 ? " and \(missing.count - 1) others" : ""
            throw StoreError(
                .newerSchema,
                "The spool \(path) was created by a pre-release build of this program: its schema \(version) "
                    + "lacks the column `\(first.name)` of \(type) `\(first.owner)`\(others) and cannot be "
                    + "upgraded. Let the build that created it deliver the pending events; then move the "
                    + "file aside together with its -wal and -shm files and start this version, which "
                    + "fetches again what the source still has."
            )
        }
    }

    struct Column: Hashable, Sendable {
        /// `table` or `view`.
        let type: String
        /// The table or view.
        let owner: String
        let name: String
    }

    /// The columns that the migrations up to a version create.
    static func columns(ofVersion version: Int) throws -> [Column] {
        let reference = try DatabaseQueue()
        return try reference.writeWithoutTransaction { db in
            try Migrations.run(db, path: "memory", steps: Migrations.all[..<version])
            return try columns(db, type: "table") + columns(db, type: "view")
        }
    }

    static func columns(_ db: Database, type: String) throws -> [Column] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                WHERE m.type = ? AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid
                """,
            arguments: [type]
        ).map { Column(type: type, owner: $0[0], name: $0[1]) }
    }
}
