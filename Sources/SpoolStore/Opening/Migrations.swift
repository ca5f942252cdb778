import GRDB
import SpoolCore

/// The steps from an empty file to the current schema; `user_version` counts those applied.
///
/// They change the schema only, and are never edited once released.
enum Migrations {
    struct Migration: Sendable {
        /// The file's name in `migrations/` without its extension.
        let name: String
        let sql: String

        init(_ name: String, _ bytes: [UInt8]) {
            self.name = name
            sql = String(decoding: bytes, as: UTF8.self)
        }
    }

    static let all = [
        Migration("0001_spool", PackageResources._001_spool_sql),
        Migration("0002_doubt", PackageResources._002_doubt_sql),
        Migration("0003_pruned", PackageResources._003_pruned_sql),
        Migration("0004_events_json", PackageResources._004_events_json_sql),
        Migration("0005_renaming", PackageResources._005_renaming_sql),
        Migration("0006_shortened", PackageResources._006_shortened_sql),
        Migration("0007_findings", PackageResources._007_findings_sql),
        Migration("0008_recovery", PackageResources._008_recovery_sql),
    ]

    /// "spol": distinguishes a spool from any other SQLite file.
    static let applicationID: Int64 = 0x7370_6f6c

    /// Applies the missing steps, each in its own transaction.
    static func run(_ db: Database, path: String, steps: ArraySlice<Migration> = all[...]) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        for (index, migration) in steps.enumerated() where index >= version {
            try db.inTransaction(.immediate) {
                try db.execute(sql: migration.sql)
                try db.execute(sql: "PRAGMA application_id = \(applicationID)")
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
                return .commit
            }
        }
    }

    /// Rejects a file that is not a spool, or a spool of a newer version.
    static func check(_ db: Database, path: String) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if tables == 0, version == 0 { return }
        guard application == applicationID else {
            throw StoreError.damaged(path, "it is an SQLite database of another program")
        }
        guard version <= all.count else {
            throw StoreError(
                .newerSchema,
                "The spool \(path) was written by a newer version of this program (schema \(version); this "
                    + "version supports up to \(all.count)). Install that version again, or move the spool "
                    + "aside."
            )
        }
    }
}
