import GRDB
import SpoolCore

@testable import SpoolStore

extension Spool {
    /// Opens a connection whose receiver may hold `doubt` bytes unread.
    func opened(
        _ sink: SinkID,
        address: String,
        transport: String,
        doubt: Int64 = KernelDoubt.defaultBytes,
        at now: Timestamp
    ) async throws -> ConnectionID {
        try await opened(sink, address: address, transport: transport, doubtBytes: doubt, at: now)
    }

    /// Closes a connection of any sink.
    func closed(_ connection: ConnectionID, clean: Bool, at now: Timestamp) async throws {
        let sink = try await read { db in
            try Int64.fetchOne(
                db,
                sql: "SELECT sink_id FROM connection WHERE id = ?",
                arguments: [connection.value]
            )
        }
        try await closed(connection, of: SinkID(sink ?? 0), clean: clean, at: now)
    }
}
