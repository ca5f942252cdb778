import Foundation
import SpoolReceiver
import SpoolStore
import SpoolTestSupport
import Testing

@testable import spool

@Suite("Formats of `spool query`")
struct QueryTextTests {
    @Test("another program can read the CSV, whatever a field contains")
    func csv() async throws {
        let texts = [
            "plain", "", "a,b", "say \"hi\"", "two\nlines", "cr\rlf", "both\r\nends", " blanks ", "\u{1B}[2J",
            "ü 🙂", "\"",
        ]
        let folder = try TemporaryFolder()
        let file = folder.path("rows.csv")
        let rows = texts.map {
            [QueryValue.text($0), .integer(7), .real(.infinity), .null, .blob([0, 0xFF])]
        }
        try Data(rows.flatMap(QueryText.csv)).write(to: URL(fileURLWithPath: file))
        let read = "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline='')))))"

        let answer = try await Child.answer("python3", ["-c", read, file])

        let back = try JSONDecoder().decode([[String]].self, from: Data(answer.output.utf8))
        #expect(back == texts.map { [$0, "7", "Infinity", "", "00ff"] })
    }

    @Test("a CSV record with one empty field is not an empty line, which readers skip")
    func emptyField() {
        #expect(QueryText.csv([.null]) == Array("\"\"\n".utf8))
        #expect(QueryText.csv([.null, .null]) == Array(",\n".utf8))
    }

    @Test("text that is not UTF-8 is written to CSV byte for byte")
    func malformed() {
        #expect(QueryText.csv([.malformed([0xFF, 0x2C])]) == [0x22, 0xFF, 0x2C, 0x22, 0x0A])
    }

    @Test("JSON has a key for each column and only numbers that JSON supports")
    func json() throws {
        let columns = QueryText.distinct(["id", "id", "id_2", "id"])
        let text = QueryText.json(
            columns,
            [.text("ab\0cd\u{202E}\u{9B}"), .real(.infinity), .real(-.infinity), .real(1e300)]
        )

        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(columns == ["id", "id_3", "id_2", "id_4"])
        #expect(object["id"] as? String == "ab\0cd\u{202E}\u{9B}")
        #expect(object["id_3"] as? String == "Infinity" && object["id_2"] as? String == "-Infinity")
        #expect(object["id_4"] as? Double == 1e300)
        #expect(text.contains("\\u202E\\u009B"))
    }

    @Test("a table escapes control characters")
    func table() {
        let table = TextTable(["x"], [[QueryText.cell(.text("a\nb\u{1B}[2J"))]]).render()

        #expect(table == "x\na\\nb\\x1B[2J")
    }
}
