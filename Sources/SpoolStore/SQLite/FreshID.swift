import GRDB
import SpoolCore

/// Ids that are never used twice, whatever was deleted.
///
/// Rows of other tables, and settlements that are still under way in the process, may outlive the row that they name. A
/// trigger of each table keeps `last_id`, and refuses an id that was used before.
enum FreshID {
    /// The tables that have such ids by `last_id`; `event`, `subscription` and `replay` have them by AUTOINCREMENT.
    enum Table: String, CaseIterable {
        case connection, sink, stream
        case window = "fetch_window"
    }

    /// The id for the row that is inserted next.
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
