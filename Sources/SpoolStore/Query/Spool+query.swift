package import SpoolCore

extension Spool {
    /// Runs one read-only statement and passes on each row as it is read, so that memory does not limit the
    /// result.
    ///
    /// - Parameters:
    ///   - sql: one read-only statement without parameters.
    ///   - header: called once with the column names, which may contain duplicates.
    ///   - row: called for each row; returns false to stop.
    /// - Throws: `.invalid` with the reason for an error in the SQL; other kinds for errors of the spool.
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
