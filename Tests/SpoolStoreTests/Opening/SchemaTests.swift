import Foundation
import GRDB
import SpoolCore
import SpoolTestSupport
import Testing

@testable import SpoolStore

@Suite("spools with another schema")
struct SchemaTests {
    /// The tables of schema 1 in earlier builds.
    private static func earlier() throws -> [(name: String, sql: String)] {
        let file = try #require(
            Bundle.module.url(forResource: "earlier-schemas", withExtension: "sql", subdirectory: "Samples")
        )
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.components(separatedBy: "-- schema ").dropFirst().map { part in
            let name = String(part.prefix { $0 != "\n" })
            return (name, String(part.dropFirst(name.count)))
        }
    }

    private static func make(_ sql: String, at path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: sql)
            try db.execute(
                sql: "PRAGMA application_id = \(Migrations.applicationID); PRAGMA user_version = 1"
            )
        }
        try queue.close()
    }

    @Test(
        "a spool of a pre-release build is rejected with its missing column and a remedy, and not changed"
    )
    func preRelease() throws {
        let earlier = try Self.earlier()
        let today = try Set(SchemaCheck.columns(ofVersion: 1).filter { $0.type == "table" })
        var refused = 0

        for (name, sql) in earlier {
            let folder = try TemporaryFolder()
            let path = folder.path("spool.db")
            try Self.make(sql, at: path)
            let columns = try DatabaseQueue(path: path).read {
                try Set(SchemaCheck.columns($0, type: "table"))
            }
            let content = try Data(contentsOf: URL(fileURLWithPath: path))
            guard !columns.isSuperset(of: today) else { continue }
            refused += 1

            let writing = #expect(throws: StoreError.self) {
                try Spool.open(path: path, options: .small, at: .t0)
            }
            let reading = #expect(throws: StoreError.self) { try Spool.openReadOnly(path: path) }

            for error in [writing, reading] {
                #expect(error?.kind == .newerSchema, "schema \(name)")
                #expect(error?.description.contains("pre-release build") == true, "schema \(name)")
                #expect(error?.description.contains("lacks the column `") == true, "schema \(name)")
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
        }

        #expect(refused == earlier.count - 1)
    }

    @Test("a spool with any number of the current migrations opens and is upgraded")
    func everyPrefix() async throws {
        for count in 1...Migrations.all.count {
            let folder = try TemporaryFolder()
            let path = folder.path("spool.db")
            let queue = try DatabaseQueue(path: path)
            try await queue.writeWithoutTransaction {
                try Migrations.run($0, path: path, steps: Migrations.all[..<count])
            }
            try queue.close()

            let spool = try Spool.open(path: path, options: .small, at: .t0)

            #expect(try await spool.status().streams.isEmpty)
            try await spool.close(at: .t(1))
        }
    }

    @Test("an operator's own index and table are accepted")
    func additions() async throws {
        let test = try TestSpool()
        try await test.spool.writeWithoutTransaction {
            try $0.execute(sql: "CREATE TABLE mine (a); CREATE INDEX my_index ON event (user_name)")
        }
        let path = test.path
        try await test.spool.close(at: .t(1))

        let again = try Spool.open(path: path, options: .small, at: .t(2))

        try await again.close(at: .t(3))
    }

    @Test("a view that lacks a column is named in the error")
    func oldView() async throws {
        let test = try TestSpool()
        try await test.spool.writeWithoutTransaction {
            try $0.execute(sql: "DROP VIEW proofs; CREATE VIEW proofs AS SELECT id FROM proof")
        }
        try await test.spool.close(at: .t(1))

        let error = #expect(throws: StoreError.self) { try Spool.openReadOnly(path: test.path) }

        #expect(error?.description.contains("of view `proofs`") == true)
    }
}
