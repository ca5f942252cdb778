package import SpoolCore

extension Spool {
    /// Runs one read-only statement and hands out its rows as they come, so that an answer of any size fits.
    ///
    /// - Parameters:
    ///   - sql: one statement without parameters that only reads.
    ///   - header: called once with the column names, which may be equal.
    ///   - row: called for each row; false ends the reading.
    /// - Throws: `.invalid` with the reason for anything that is wrong with the SQL; other kinds are faults of the spool.
    package func query(
        _ sql: String,
        header: @escaping @Sendable ([String]) -> Void,
        row: @escaping @Sendable ([QueryValue]) -> Bool
    ) async throws(StoreError) {
        try await read { db in
            let statement = try QueryStatement(db, sql)
            header(statement.columns)
            while let values = try statement.next() {
                guard row(values) else { return }
            }
        }
    }
}
