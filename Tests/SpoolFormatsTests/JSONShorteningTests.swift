import Foundation
import SpoolCore
import SpoolFormats
import SpoolTestSupport
import Testing

@Suite("JSON records that are too long for a message")
struct JSONShorteningTests {
    private func line(_ raw: [UInt8], limit: Int, envelope: Envelope = .bare) throws -> (
        line: String?, RenderedBatch
    ) {
        let format = LineFormat(payload: .json, envelope: envelope, framing: .lines, maxMessageBytes: limit)
        let (bytes, result) = render(batch([event()], raw: [raw]), format)
        return (try split(bytes).first, result)
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("the longest strings are cut between characters and marked; the rest of the record is unchanged")
    func cutsStrings() throws {
        let long = String(repeating: #"\#u{1F980}\ud83e\udd80\n\"x"#, count: 400)
        let raw = #"{"_id":"a-1","n":1.5e3,"list":[true,null,{"text":"\#(long)"}],"user":"alex@example.com"}"#

        for limit in 1_024...1_060 {
            let (line, result) = try line(Array(raw.utf8), limit: limit)
            let text = try #require(line)

            let record = try object(text)
            #expect(text.utf8.count <= limit && text.utf8.count > limit - 30)
            #expect(record["_id"] as? String == "a-1" && record["user"] as? String == "alex@example.com")
            let list = try #require(record["list"] as? [Any])
            let cut = try #require((list[2] as? [String: Any])?["text"] as? String)
            #expect(cut.hasSuffix("…[cut]"))
            let whole = try object(raw)["list"] as? [Any]
            let original = try #require((whole?[2] as? [String: Any])?["text"] as? String)
            #expect(original.unicodeScalars.starts(with: cut.unicodeScalars.dropLast(6)))
            let mark = try #require(record["spool_cut"] as? [String: Any])
            #expect(mark["record_bytes"] as? Int == raw.utf8.count && mark["left_out"] == nil)
            #expect(result.cut == [0] && result.tooLarge.isEmpty)
        }
    }

    @Test("with too many short strings the largest members are left out and named; id and times stay")
    func leavesOut() throws {
        let many = (0..<500).map { #"{"name":"object \#($0)","role":\#($0)}"# }.joined(separator: ",")
        let raw =
            #"{"timestamp":1738633915000,"big":[\#(many)],"_id":"a-1","title":"kept","created":1738633916000}"#

        let (line, result) = try line(Array(raw.utf8), limit: 1_024, envelope: .rfc5424(system: "h"))
        let json = try #require(line).drop { $0 != "{" }

        let record = try object(String(json))
        #expect(record["_id"] as? String == "a-1" && record["title"] as? String == "kept")
        #expect(
            record["timestamp"] as? Int == 1_738_633_915_000 && record["created"] as? Int == 1_738_633_916_000
        )
        #expect(record["big"] == nil)
        #expect((record["spool_cut"] as? [String: Any])?["left_out"] as? [String] == ["big"])
        #expect(result.cut == [0])
    }

    @Test("a record that is not a JSON object becomes an object with its beginning")
    func unreadable() throws {
        for raw in [#"{"a":True,"#, "[1,", "not json \"\\", String(repeating: "[", count: 600)] {
            let text = raw + String(repeating: "y\"\\é", count: 2_000)

            let (line, result) = try line(Array(text.utf8), limit: 1_024)

            let record = try object(try #require(line))
            let beginning = try #require(record["beginning"] as? String)
            #expect(beginning.hasSuffix("…[cut]") && text.hasPrefix(beginning.dropLast(6)))
            #expect(result.cut == [0])
        }
    }

    @Test("a record whose id alone exceeds the limit is not sent, and reported")
    func tooLarge() throws {
        let names = (0..<300).map { #""a-long-name-of-a-member-\#($0)":1"# }.joined(separator: ",")
        let id = String(repeating: "9", count: 2_000)
        for raw in [#"{"_id":"\#(id)","a":"b"}"#, "{\(names)}"] {
            let (line, result) = try line(Array(raw.utf8), limit: 1_024)

            #expect(line == nil)
            #expect(result.tooLarge == [0] && result.cut.isEmpty)
        }
    }

    @Test(
        "whatever a record contains, its message stays within the limit and is valid JSON",
        arguments: 1...20
    )
    func anything(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            var fields: [String: Any] = ["_id": "id-\(random.next())", "timestamp": 1_738_633_915_000]
            for index in 0..<Int.random(in: 0...30, using: &random) {
                fields["field \(index)"] = value(depth: 3, &random)
            }
            let raw = Array(try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys]))
            let limit = Int.random(in: 1_024...8_096, using: &random)

            let (line, result) = try line(raw, limit: limit)

            let text = try #require(line)
            let record = try object(text)
            #expect(text.utf8.count <= limit)
            #expect(record["_id"] as? String == fields["_id"] as? String)
            #expect(result.cut.isEmpty == (record["spool_cut"] == nil))
            if result.cut.isEmpty { #expect(text.utf8.count == raw.count) }
        }
    }

    private func value(depth: Int, _ random: inout SeededGenerator) -> Any {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: return Int.random(in: -5...5_000_000, using: &random)
        case 1: return NSNull()
        case 2: return "short"
        case 3:
            let characters = ["\\", "\"", "é", "\u{1F980}", "\n", "x", "\u{7}"]
            return (0..<Int.random(in: 0...900, using: &random))
                .map { _ in characters[Int.random(in: 0..<characters.count, using: &random)] }.joined()
        case 4:
            return (0..<Int.random(in: 0...12, using: &random)).map { _ in value(depth: depth - 1, &random) }
        default:
            return Dictionary(
                uniqueKeysWithValues: (0..<Int.random(in: 0...8, using: &random)).map {
                    ("key \($0)", value(depth: depth - 1, &random))
                }
            )
        }
    }

    @Test(
        "line ends and controls beyond ASCII are escaped inside strings, so that nothing is lost"
    )
    func escapes() throws {
        let raw = "{\"a\":\"one\u{2028}two\u{2029}three\u{85}four\u{9F}\"}"

        let text = try #require(try line(Array(raw.utf8), limit: 8_096).line)

        #expect(text == #"{"a":"one\u2028two\u2029three\u0085four\u009f"}"#)
        #expect(try object(text)["a"] as? String == object(raw)["a"] as? String)
    }
}
