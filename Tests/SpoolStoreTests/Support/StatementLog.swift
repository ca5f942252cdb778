import GRDB
import Synchronization

@testable import SpoolStore

/// Every statement that a spool runs, with its query plan.
final class StatementLog: Sendable {
    /// Tables that grow with the number of events.
    static let growing = ["event", "record", "ledger", "fetch_window", "connection"]
    /// Partial indexes of the few rows of such a table that are in progress.
    static let short = ["connection_open"]

    private let seen = Mutex<Set<String>>([])

    var statements: [String] { seen.withLock { $0.sorted() } }

    /// Traces both connections of a spool that was opened with one reader.
    init(of spool: Spool) async throws {
        try await spool.writeWithoutTransaction { [self] db in listen(db) }
        try await spool.read { [self] db in listen(db) }
    }

    private func listen(_ db: Database) {
        db.trace { [weak self] event in
            guard case .statement(let statement) = event else { return }
            let sql = statement.sql
            let first = sql.prefix { $0.isLetter }
            guard ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"].contains(first) else { return }
            _ = self?.seen.withLock { $0.insert(sql) }
        }
    }

    /// The growing tables that a statement scans.
    static func scans(_ db: Database, _ sql: String) throws -> [String] {
        let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN \(sql)")
        statement.setUncheckedArguments(StatementArguments())
        let details = try Row.fetchAll(statement).map { $0["detail"] as String }
        return details.compactMap { detail in
            let words = detail.split(separator: " ")
            guard words.first == "SCAN", words.count > 1, !short.contains(where: { words.contains($0[...]) })
            else { return nil }
            return table(String(words[1]), in: sql)
        }
    }

    /// The growing table to which a name in a statement refers; nil when there is none.
    private static func table(_ name: String, in sql: String) -> String? {
        let words = sql.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
        return growing.first { table in
            if table == name { return true }
            return zip(words, words.dropFirst()).contains { $0 == table && $1 == name }
                || zip(words, words.dropFirst(2)).contains { $0 == table && $1 == name }
                    && words.contains("AS")
        }
    }
}
