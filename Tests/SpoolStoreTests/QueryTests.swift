import GRDB
import SpoolCore
import Synchronization
import Testing

@testable import SpoolStore

/// Users' own SQL.
@Suite struct QueryTests {
    private static func run(_ sql: String) async throws -> (columns: [String], rows: [[QueryValue]]) {
        let test = try TestSpool()
        let columns = Mutex<[String]>([])
        let rows = Mutex<[[QueryValue]]>([])
        try await test.spool.query(
            sql,
            header: { names in columns.withLock { $0 = names } },
            row: { row in
                rows.withLock { $0.append(row) }
                return true
            }
        )
        return (columns.withLock { $0 }, rows.withLock { $0 })
    }

    @Test(
        "an error in the statement is reported as invalid, with its reason",
        arguments: [
            ("select 1; select 2", "only one statement"), ("select 1; slect", "only one statement"),
            ("select ?", "parameters"), ("select :a", "parameters"),
            ("attach 'x' as y", "read-only"), ("detach main", "read-only"), ("begin", "read-only"),
            ("commit", "read-only"), ("savepoint a", "read-only"), ("vacuum into 'x'", "read-only"),
            ("delete from event", "read-only"), ("/* a */ -- b\n update event set seq = 1", "read-only"),
            ("with x as (select 1) delete from event", "read-only"),
            ("pragma journal_mode = delete", "PRAGMA"), ("pragma user_version = 7", "PRAGMA"),
            ("pragma wal_checkpoint", "PRAGMA"), ("pragma main.query_only(0)", "PRAGMA"),
            ("pragma", "PRAGMA"),
            ("", "no statement"), (" ; -- nothing", "no statement"), ("/* open", "no statement"),
            ("selct 1", "read-only"), ("select", "incomplete input"),
            ("select * from nowhere", "no such table"),
            ("select abs(-9223372036854775807 - 1)", "integer overflow"),
            ("select json_extract('{', '$')", "malformed JSON"),
        ]
    )
    func mistakes(_ sql: String, _ word: String) async throws {
        let error = await #expect(throws: StoreError.self) { try await Self.run(sql) }

        #expect(error?.kind == .invalid, "\(String(describing: error))")
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test(
        "read-only statements run, with comments and semicolons around them",
        arguments: [
            "select 1;", " ; -- first\nselect 1 ; -- last\n ; ", "with a (b) as (select 1) select b from a",
            "values (1)",
            "/* x */ select 1",
        ]
    )
    func reads(_ sql: String) async throws {
        let rows = try await Self.run(sql).rows

        #expect(rows == [[.integer(1)]])
    }

    @Test(
        "read-only PRAGMAs and EXPLAIN return rows",
        arguments: ["pragma main.page_size", "PRAGMA table_info(event)", "explain select 1"]
    )
    func reports(_ sql: String) async throws {
        let rows = try await Self.run(sql).rows

        #expect(!rows.isEmpty)
    }

    @Test("values are complete: NUL characters, infinities, text that is not UTF-8, duplicate names")
    func values() async throws {
        let answer = try await Self.run(
            "select 'ab' || char(0) || 'cd' as x, 9e999 as x, -9e999, "
                + "cast(x'ff41' as text), x'00ff', '' , null"
        )

        #expect(answer.columns.prefix(2) == ["x", "x"])
        #expect(
            answer.rows == [
                [
                    .text("ab\0cd"), .real(.infinity), .real(-.infinity), .malformed([0xFF, 0x41]),
                    .blob([0, 0xFF]),
                    .text(""), .null,
                ]
            ]
        )
    }

    @Test("reading stops when the callback returns false")
    func ends() async throws {
        let test = try TestSpool()
        let count = Mutex(0)

        try await test.spool.query(
            "with recursive n (i) as (values (1) union all select i + 1 from n) select i from n",
            header: { _ in },
            row: { _ in
                count.withLock { count in
                    count += 1
                    return count < 3
                }
            }
        )

        #expect(count.withLock { $0 } == 3)
    }

    @Test("tail and trace return whole texts, including NUL characters")
    func nul() async throws {
        let test = try TestSpool()
        let stream = try await test.register().only().0
        try await test.append(stream, [.at(1)])
        _ = try await test.spool.write {
            try $0.execute(
                sql:
                    "UPDATE event SET message = 'ab' || char(0) || 'cd', "
                    + "user_name = char(0) || 'x', action = ''"
            )
        }

        let row = try await test.spool.tail(after: Seq(0), limit: 1).first
        let trace = try await test.spool.trace(row?.id ?? "").first

        #expect(row?.message == "ab\0cd" && row?.userName == "\0x" && row?.action == "")
        #expect(trace?.message == "ab\0cd" && trace?.userName == "\0x")
    }

    @Test("a re-parsed record keeps its texts complete, including NUL characters")
    func derivedText() async throws {
        let test = try TestSpool()
        let stream = try await test.register().only().0
        try await test.append(stream, [.at(1)])
        var event = Event.at(1)
        (event.message, event.userName) = ("ab\0cd", "")

        try await test.spool.derive([(seq: Seq(1), event: event)])

        let row = try await test.spool.tail(after: Seq(0), limit: 1).first
        #expect(row?.message == "ab\0cd" && row?.userName == "")
        #expect(try await test.values("SELECT count(*) FROM event WHERE typeof(message) = 'text'") == [1])
    }

    @Test("one record that is not JSON does not fail a query of the column `json`")
    func json() async throws {
        let test = try TestSpool()
        let stream = try await test.register().only().0
        try await test.append(stream, [.at(1), .at(2)]) { #"{"at":"\#($0.externalID)","x":7}"# }
        _ = try await test.spool.write {
            try $0.execute(
                sql: #"UPDATE record SET raw = '{"x":True}' WHERE seq = (SELECT min(seq) FROM record)"#
            )
            try $0.execute(
                sql: "UPDATE event SET readable = 0 WHERE seq = (SELECT min(seq) FROM record)"
            )
        }

        let found = try await test.values(
            "SELECT coalesce(json_extract(json, '$.x'), 0) FROM events ORDER BY seq"
        )

        #expect(found == [0, 7])
        await #expect(throws: (any Error).self) {
            try await test.values("SELECT json_extract(raw, '$.x') FROM events")
        }
    }

    @Test("a record that only a lenient decoder accepts as JSON has no `json`, but is not unreadable")
    func lenientJSON() async throws {
        let test = try TestSpool()
        let stream = try await test.register().only().0
        var odd = Event.at(1)
        odd.isJSON = false
        try await test.append(stream, [odd, .at(2)]) { $0.isJSON ? #"{"x":7}"# : #"{"x":01}"# }

        let found = try await test.values(
            "SELECT coalesce(json_extract(json, '$.x'), 0) FROM events ORDER BY seq"
        )
        let trace = try await test.spool.trace(odd.externalID).first

        #expect(found == [0, 7])
        #expect(try await test.values("SELECT readable FROM events ORDER BY seq") == [2, 1])
        #expect(trace?.isReadable == true)
        odd.isJSON = true
        try await test.spool.derive([(seq: Seq(1), event: odd)])
        #expect(try await test.values("SELECT readable FROM events ORDER BY seq") == [1, 1])
    }

    @Test("looking up an id uses the index when the streams come from a subquery, as documented")
    func idLookup() async throws {
        let test = try TestSpool()
        let plan = try await test.spool.read { db in
            try Row.fetchAll(
                db,
                sql:
                    "EXPLAIN QUERY PLAN SELECT * FROM events "
                    + "WHERE id = 'x' AND stream IN (SELECT name FROM stream)"
            ).map { $0["detail"] as String }
        }

        #expect(plan.contains { $0.contains("stream_id=? AND external_id=?") }, "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN e") }, "\(plan)")
    }
}
