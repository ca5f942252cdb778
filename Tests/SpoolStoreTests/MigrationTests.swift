import Crypto
import Foundation
import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite struct MigrationTests {
    @Test("the list of migrations is the contents of the folder, in order")
    func listMatchesFolder() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("migrations")

        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()

        #expect(files == Migrations.all.map { $0.name + ".sql" })
        for migration in Migrations.all {
            let text = try String(
                contentsOf: folder.appendingPathComponent(migration.name + ".sql"),
                encoding: .utf8
            )
            #expect(migration.sql == text)
        }
    }

    /// The migrations that spools of users may have been made with; a release adds its own.
    private static let released = [
        "0001_spool": "3814012fc49a6ccc7b9bd81d4775c6930f1aae3edec0ad183afc7b2f3f6d452a"
    ]

    @Test("a released migration is never edited")
    func released() {
        for (name, hash) in Self.released {
            let sql = Migrations.all.first { $0.name == name }?.sql ?? ""
            let found = SHA256.hash(data: Array(sql.utf8)).map {
                String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
            }
            #expect(
                found.joined() == hash,
                "\(name) was changed; put what is new into a migration of its own"
            )
        }
        #expect(Set(Migrations.all.prefix(Self.released.count).map(\.name)) == Set(Self.released.keys))
    }

    @Test("every prefix of the migrations runs on an empty database, and the rest after it")
    func everyPrefix() throws {
        for count in 0...Migrations.all.count {
            let queue = try DatabaseQueue()
            try queue.writeWithoutTransaction { db in
                try Migrations.run(db, path: "memory", steps: Migrations.all[..<count])
                #expect(try Int.fetchOne(db, sql: "PRAGMA user_version") == count)
                try Migrations.run(db, path: "memory")
                #expect(try Int.fetchOne(db, sql: "PRAGMA user_version") == Migrations.all.count)
                #expect(try String.fetchOne(db, sql: "PRAGMA integrity_check") == "ok")
            }
        }
    }

    @Test("every table is STRICT and every column has a comment")
    func strictAndCommented() async throws {
        let test = try TestSpool()

        let tables = try await test.spool.read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).map { (name: $0[0] as String, sql: $0[1] as String) }
        }

        #expect(tables.count >= 15)
        for table in tables {
            #expect(table.sql.contains("STRICT"), "\(table.name)")
            let columns = table.sql.split(separator: "\n").filter {
                $0.range(of: #"^    [a-z_]+ (INTEGER|TEXT)"#, options: .regularExpression) != nil
            }
            #expect(!columns.isEmpty)
            for column in columns { #expect(column.contains("-- "), "\(table.name): \(column)") }
        }
    }

    @Test("every view answers on an empty spool")
    func viewsAnswer() async throws {
        let test = try TestSpool()

        for view in ["events", "backlog", "deliveries", "gaps", "dead_letters", "replays", "health"] {
            #expect(try await test.value(Int.self, "SELECT count(*) FROM \(view)") == 0)
        }
    }
}
