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

    /// The migrations that users' spools may have been created with; each release adds its own.
    private static let released = [
        "0001_spool": "3814012fc49a6ccc7b9bd81d4775c6930f1aae3edec0ad183afc7b2f3f6d452a",
        "0002_doubt": "ae7398ce8f478d5e1c3a467d5c5241a1d2f0295a4823a49c090a9ce8515e705e",
        "0003_pruned": "5350313b3346325ffa6d31cce9c5c1f064998d55d4081aacf6bd21ff3187fbaa",
        "0004_events_json": "448e5dfb047fd3714afcd67503d9ccb657aa8d492f3c7bfead330565b4b0260d",
        "0005_renaming": "f2424310bb72a28becdd82a1923802b7a0b2a828c75766a6e5b16278fe045ccf",
        "0006_shortened": "4b4533650b2a37e5087a3b5c93bde3e37eb452017650a05af49a3a87f1a21074",
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
                "\(name) was changed; add changes as a new migration"
            )
        }
        #expect(Set(Migrations.all.prefix(Self.released.count).map(\.name)) == Set(Self.released.keys))
    }

    @Test("every prefix of the migrations runs on an empty database, followed by the rest")
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

    @Test("every view can be read on an empty spool")
    func viewsAnswer() async throws {
        let test = try TestSpool()

        for view in ["events", "backlog", "deliveries", "gaps", "dead_letters", "replays", "health"] {
            #expect(try await test.value(Int.self, "SELECT count(*) FROM \(view)") == 0)
        }
    }

    @Test(
        "a spool of schema 1 keeps its data; everything sent over unclean connections is doubtful"
    )
    func doubtOfSchemaOne() throws {
        let queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = ON")
            try Migrations.run(db, path: "memory", steps: Migrations.all[..<1])
            try db.execute(
                sql: """
                    INSERT INTO stream (id, name, source, kind, is_configured) VALUES (3, 'a/x', 'a', 1, 1);
                    INSERT INTO sink (id, name, type) VALUES (4, 'siem', 'syslog');
                    INSERT INTO connection
                        (id, sink_id, address, transport, opened_ms, closed_ms, doubt_from_ms, how)
                    VALUES (7, 4, 'a', 'tcp', 1, 9000, 8000, 'unclean'),
                        (8, 4, 'a', 'tcp', 1, 9000, 8000, 'clean');
                    INSERT INTO ledger (sink_id, stream_id, connection_id, first_seq, last_seq, outcome,
                        evidence, events, bytes, attempts, sent_ms, settled_ms)
                    VALUES (4, 3, 7, 1, 1, 'delivered', 'kernel', 1, 10, 1, 100, 100),
                        (4, 3, 7, 2, 2, 'delivered', 'kernel', 1, 10, 1, 8500, 8500),
                        (4, 3, 8, 3, 3, 'delivered', 'kernel', 1, 10, 1, 8500, 8500),
                        (4, 3, 12, 4, 4, 'delivered', 'acknowledged', 1, 10, 1, 8500, 8500);
                    INSERT INTO fetch_window (id, stream_id, reason, from_ms, to_ms, filter_hash, state,
                        pages, seen, inserted, changed, started_ms)
                    VALUES (5, 3, 'poll', 0, 1, 'f', 'complete', 1, 1, 1, 0, 1);
                    INSERT INTO event (seq, stream_id, external_id, kind, readable, occurred_ms, created_ms,
                        fetched_ms, window_id, derived, category, action, message, user_name, app_name,
                        app_id, ip, country, user_agent, objects, policies, link)
                    VALUES (1, 3, 'e1', 1, 1, 1, 1, 1, 6, 1, '', '', '', '', '', '', '', '', '', '', '', '');
                    """
            )

            try Migrations.run(db, path: "memory")

            let doubtful = try Int.fetchAll(db, sql: "SELECT doubtful FROM deliveries ORDER BY id")
            #expect(doubtful == [1, 1, 0, 0])
            let last = try Row.fetchAll(db, sql: "SELECT name, id FROM last_id ORDER BY name").map {
                "\($0[0] as String) \($0[1] as Int)"
            }
            #expect(last == ["connection 12", "fetch_window 6", "sink 4", "stream 3"])
            #expect(try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").isEmpty)
            #expect(
                try String.fetchOne(db, sql: "SELECT name || state FROM health WHERE what = 'sink'")
                    == "siemcreated"
            )
        }
    }

    @Test(
        "a used id is rejected in every table whose ids may be referenced after their rows are deleted"
    )
    func usedIDs() async throws {
        let test = try TestSpool()
        let (stream, sink) = try await test.register().only()
        let first = try await test.spool.opened(sink, address: "a", transport: "tcp", at: .t(1))
        try await test.append(stream, [.at(1)])
        let inserts = [
            "INSERT INTO connection (id, sink_id, address, transport, opened_ms) "
                + "VALUES (?, 1, 'a', 'tcp', 1)",
            "INSERT INTO sink (id, name, type) VALUES (?, 'other', 'syslog')",
            "INSERT INTO stream (id, name, source, kind, is_configured) VALUES (?, 'b/x', 'b', 1, 1)",
            "INSERT INTO fetch_window SELECT ?, stream_id, reason, from_ms, to_ms, filter_hash, state, "
                + "pages, seen, inserted, changed, started_ms, finished_ms FROM fetch_window LIMIT 1",
        ]
        try await test.spool.write { try $0.execute(sql: "DELETE FROM connection") }

        for (table, sql) in zip(["connection", "sink", "stream", "fetch_window"], inserts) {
            let last = try #require(
                try await test.value(Int64.self, "SELECT id FROM last_id WHERE name = '\(table)'")
            )
            await #expect(throws: StoreError.self, "\(table)") {
                try await test.spool.write { try $0.execute(sql: sql, arguments: [last]) }
            }
            try await test.spool.write { try $0.execute(sql: sql, arguments: [last + 1]) }
        }

        let next = try await test.spool.opened(sink, address: "a", transport: "tcp", at: .t(2))
        #expect(next.value > first.value + 1)
    }
}
