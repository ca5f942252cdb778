import Foundation
import SpoolCore
import SpoolFormats
import Testing

struct JSONLineTests {
    private func json(_ raw: String, limit: Int = 8_192) throws -> [String] {
        let format = LineFormat(payload: .json, envelope: .bare, framing: .lines, maxMessageBytes: limit)
        return try split(render(batch([event()], raw: [Array(raw.utf8)]), format).bytes)
    }

    @Test(
        "a record of several lines is sent on one, unchanged otherwise",
        arguments: [
            ("{\n  \"a\": \"x\\ny\",\r\n  \"b\": 1\n}", #"{  "a": "x\ny",  "b": 1}"#),
            (#"{"a":"quote \" and\\","b":"é\u{1F980}"}"#, #"{"a":"quote \" and\\","b":"é\u{1F980}"}"#),
            ("{\"a\":\"broken\nstring\"}", #"{"a":"broken string"}"#), ("{\t\"a\":1}", #"{ "a":1}"#),
        ]
    )
    func oneLine(_ raw: String, _ line: String) throws {
        #expect(try json(raw) == [line])
    }

    @Test("a record over the limit is cut at a character and marked")
    func cut() throws {
        let raw = #"{"a":""# + String(repeating: "\u{1F980}", count: 1_000) + #""}"#

        let line = try json(raw, limit: 1_024)[0]

        #expect(line.utf8.count <= 1_024 && line.utf8.count > 1_016)
        #expect(line.hasSuffix("…[cut]") && raw.hasPrefix(line.dropLast(6)))
    }

    @Test("only JSON lines need the raw record")
    func needsRaw() {
        let formats = [LineFormat.Payload.json, .cef(.agent()), .cef(.clean())].map {
            LineFormat(payload: $0, envelope: .bare, framing: .lines)
        }

        #expect(formats.map(\.needsRaw) == [true, false, false])
    }
}
