import GRDB
package import SpoolCore

extension Spool {
    /// Total number of failed attempts of each sink to connect or to have a batch settled.
    package func failures() async throws(StoreError) -> [SinkID: Int] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT id, failures FROM sink").reduce(into: [:]) {
                $0[SinkID($1[0])] = $1[1]
            }
        }
    }
}
