import GRDB

/// How much disk space the spool uses.
enum Sizes {
    /// Bytes of pages in use; free pages are reused first.
    static func bytesInUse(_ db: Database) throws -> Int64 {
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        return (pages - free) * (try pageSize(db))
    }

    /// Bytes of all pages, including free ones.
    static func bytes(_ db: Database) throws -> Int64 {
        try (Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0) * pageSize(db)
    }

    static func pageSize(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? Int64(Connections.pageSize)
    }
}
