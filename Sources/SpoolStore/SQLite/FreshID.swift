import GRDB
import SpoolCore

/// Ids that are never reused, not even after a deletion.
///
/// Rows of other tables, and settlements that are still in progress, may outlive the row that they refer to.
/// A trigger of each table maintains `last_id` and rejects an id that was used before.
enum FreshID {
    /// The tables that use `last_id`; `event`, `subscription` and `replay` use AUTOINCREMENT.
    enum Table: String, CaseIterable {
        case connection, sink, stream
        case window = "fetch_window"
    }

    /// The id for the next row to insert.
    static func next(_ db: Database, in table: Table) throws -> Int64 {
        let last = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM last_id WHERE name = ?"),
            arguments: [table.rawValue]
        )
        guard let last else {
            throw StoreError(.damaged, "The spool's table last_id has no row for \(table.rawValue).")
        }
        return last + 1
    }
}
