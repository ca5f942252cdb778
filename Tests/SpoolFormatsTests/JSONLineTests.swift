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
        "a record of several lines is sent on one line, otherwise unchanged",
        arguments: [
            ("{\n  \"a\": \"x\\ny\",\r\n  \"b\": 1\n}", #"{  "a": "x\ny",  "b": 1}"#),
            (#"{"a":"quote \" and\\","b":"é\u{1F980}"}"#, #"{"a":"quote \" and\\","b":"é\u{1F980}"}"#),
            ("{\"a\":\"broken\nstring\"}", #"{"a":"broken string"}"#), ("{\t\"a\":1}", #"{ "a":1}"#),
        ]
    )
    func oneLine(_ raw: String, _ line: String) throws {
        #expect(try json(raw) == [line])
    }

    @Test("only JSON lines need the raw record")
    func needsRaw() {
        let formats = [LineFormat.Payload.json, .cef(.agent()), .cef(.clean())].map {
            LineFormat(payload: $0, envelope: .bare, framing: .lines)
        }

        #expect(formats.map(\.needsRaw) == [true, false, false])
    }

    @Test(
        "headers without a program name have a tag before JSON, so that receivers leave the record intact",
        arguments: [
            (
                Envelope.agent(AgentHeader(), system: "siem-1"),
                "<109>2025-02-04T01:51:55.000Z siem-1 spool: {}"
            ),
            (.agent(AgentHeader(systemName: false), system: ""), "<109>2025-02-04T01:51:55.000Z spool: {}"),
            (.rfc3164(system: "siem-1"), "<109>Feb  4 01:51:55 siem-1 spool: {}"),
            (.rfc5424(system: "siem-1"), "<109>1 2025-02-04T01:51:55.000Z siem-1 spool - - - {}"),
            (.bare, "{}"),
        ]
    )
    func tag(_ envelope: Envelope, _ line: String) throws {
        let format = LineFormat(payload: .json, envelope: envelope, framing: .lines)

        #expect(try split(render(batch([event()], raw: [Array("{}".utf8)]), format).bytes) == [line])
    }
}
