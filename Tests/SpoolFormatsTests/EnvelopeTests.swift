import SpoolCore
import SpoolFormats
import SpoolReceiver
import Testing

struct EnvelopeTests {
    static let cases: [(Envelope, String)] = [
        (.agent(AgentHeader(), system: "siem-1"), "<109>2025-02-04T01:51:55.000Z siem-1 CEF:0|"),
        (plainHeader, "2025-02-04T01:51:55.000Z CEF:0|"),
        (.agent(AgentHeader(time: .rfc3164), system: "siem-1"), "<109>Feb 04 01:51:55 siem-1 CEF:0|"),
        (
            .agent(AgentHeader(time: .rfc3164Year), system: "siem-1"),
            "<109>Feb 04 2025 01:51:55 siem-1 CEF:0|"
        ),
        (
            .agent(AgentHeader(priority: 0, systemName: false), system: "siem-1"),
            "<0>2025-02-04T01:51:55.000Z CEF:0|"
        ),
        (.agent(AgentHeader(), system: "two words\u{e9}"), "<109>2025-02-04T01:51:55.000Z two-words- CEF:0|"),
        (.agent(AgentHeader(), system: ""), "<109>2025-02-04T01:51:55.000Z - CEF:0|"),
        (.rfc3164(system: "siem-1"), "<109>Feb  4 01:51:55 siem-1 CEF:0|"),
        (.rfc5424(system: "siem-1"), "<109>1 2025-02-04T01:51:55.000Z siem-1 spool - - - CEF:0|"),
        (.bare, "CEF:0|"),
    ]

    @Test("each envelope precedes the payload in the form that its receivers expect", arguments: cases)
    func envelope(_ envelope: Envelope, _ prefix: String) throws {
        let format = LineFormat(payload: .cef(.agent()), envelope: envelope, framing: .lines)

        let line = try split(render(batch([event()]), format).bytes)[0]

        #expect(
            line.hasPrefix(prefix + "MCAS|SIEM_Agent|0.298.168|EVENT_CATEGORY_LOGIN|Log on|0|externalId=")
        )
    }

    @Test(
        "times are written in UTC to the millisecond, limited to years of four digits",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_070_908_799_999, "2098-12-31T23:59:59.999Z"), (1_709_164_800_007, "2024-02-29T00:00:00.007Z"),
            (Int64.max, "9999-12-31T23:59:59.999Z"), (Int64.min, "0000-01-01T00:00:00.000Z"),
        ]
    )
    func time(_ milliseconds: Int64, _ text: String) throws {
        let time = Timestamp(milliseconds: milliseconds)
        let event = Event(externalID: "1", kind: .activity, occurred: time, created: time)
        let format = LineFormat(payload: .cef(.agent()), envelope: plainHeader, framing: .lines)

        let line = try split(render(batch([event]), format).bytes)[0]

        #expect(line.hasPrefix(text + " CEF:0|"))
        #expect(line.contains(" rt=\(milliseconds) start=\(milliseconds) end=\(milliseconds) "))
    }

    @Test("octet counting gives the size of each line, whatever its number of digits")
    func octetCounting() throws {
        let texts = [
            "", "short", "\u{1F980}", String(repeating: "x", count: 700),
            String(repeating: "y", count: 9_600),
        ]
        let format = LineFormat(
            payload: .cef(.agent(emptyPairs: false)),
            envelope: .bare,
            framing: .octetCounting,
            maxMessageBytes: 100_000
        )
        let json = LineFormat(payload: .json, envelope: .bare, framing: .octetCounting)

        var rest = render(batch(texts.map { text in event { $0.message = text } }), format).bytes[...]
        rest += render(batch([event()], raw: [Array("{}".utf8)]), json).bytes

        var frames: [[UInt8]] = []
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            let count = try #require(Int(String(decoding: digits, as: UTF8.self)))
            #expect(digits.first != UInt8(ascii: "0"))
            rest = rest.dropFirst(digits.count + 1)
            try #require(rest.count >= count)
            frames.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        let messages = try frames.dropLast().map {
            try parsed(String(decoding: $0, as: UTF8.self))["msg"] ?? ""
        }
        #expect(messages == texts)
        #expect(frames.last.map { String(decoding: $0, as: UTF8.self) } == "{}")
    }

    @Test("datagrams have no framing, and the end of each is returned")
    func datagrams() throws {
        let format = LineFormat(payload: .cef(.agent()), envelope: .bare, framing: .datagrams)
        let events = (1...3).map { number in event { $0.externalID = "id-\(number)" } }

        let (bytes, result) = render(batch(events), format)

        #expect(result.ends.count == 3 && result.ends.last == bytes.count)
        var start = 0
        for (index, end) in result.ends.enumerated() {
            let cef = try parsed(String(decoding: bytes[start..<end], as: UTF8.self))
            #expect(cef["externalId"] == "id-\(index + 1)")
            start = end
        }
    }
}
