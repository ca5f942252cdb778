import SpoolCore
import SpoolSimulator
import SpoolStore
import Synchronization

extension Spool {
    /// The rows of a query.
    func rows(_ sql: String) async throws -> [[QueryValue]] {
        let found = Rows()
        try await query(sql, header: { _ in }, row: { found.append($0) })
        return found.all
    }

    /// The first column of each row, as text.
    func texts(_ sql: String) async throws -> [String] {
        try await rows(sql).map { row in
            switch row.first {
            case .text(let text): text
            case .integer(let number): String(number)
            case .real(let number): String(number)
            default: ""
            }
        }
    }

    /// The single number that a query returns.
    func number(_ sql: String) async throws -> Int {
        Int(try await texts(sql).first ?? "") ?? -1
    }

    /// The ids of a stream's readable events.
    func ids(_ stream: PortalStream) async throws -> Set<String> {
        Set(
            try await texts(
                "SELECT external_id FROM event WHERE readable = 1 AND kind = \(stream == .activities ? 1 : 2)"
            )
        )
    }

    /// The progress of a stream of the source `contoso`.
    func progress(_ stream: PortalStream) async throws -> StreamProgress {
        let id = try await number("SELECT id FROM stream WHERE name = 'contoso/\(stream.rawValue)'")
        return try await progress(of: StreamID(Int64(id)))
    }

    /// A stream as `status` shows it.
    func state(_ stream: PortalStream) async throws -> SpoolStatus.Stream? {
        try await status().streams.first { $0.name.description == "contoso/\(stream.rawValue)" }
    }
}

private final class Rows: Sendable {
    private let rows = Mutex<[[QueryValue]]>([])

    var all: [[QueryValue]] { rows.withLock { $0 } }

    func append(_ row: [QueryValue]) -> Bool {
        rows.withLock { $0.append(row) }
        return true
    }
}
