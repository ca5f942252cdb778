import Testing

@testable import SpoolReceiver

@Suite("The CEF parser")
struct CEFParserTests {
    private static let header = #"CEF:0|MCAS|SIEM_Agent|0.112.68|EVENT_CATEGORY_LOGIN|Log on|0|"#

    @Test("parses a whole line of the old agent")
    func agentLine() throws {
        let line =
            "2017-11-22T17:50:04.000Z siem-agent-1 \(Self.header)externalId=15_a rt=1511373004000 "
            + #"msg=Log out: a b dvc= cs1=https://t.example/#/audits?activity.id\=eq(15_a,) "#
            + #"c6a1Label="Device IPv6 Address" c6a1="#

        let parsed = try CEFParser.parse(line)

        #expect(parsed.prefix.style == .iso && parsed.prefix.host == "siem-agent-1")
        #expect(parsed.prefix.time == "2017-11-22T17:50:04.000Z")
        #expect(parsed.deviceVendor == "MCAS" && parsed.deviceProduct == "SIEM_Agent")
        #expect(parsed.deviceVersion == "0.112.68" && parsed.eventClassID == "EVENT_CATEGORY_LOGIN")
        #expect(parsed.name == "Log on" && parsed.severity == "0" && parsed.version == 0)
        #expect(parsed.pairs.map(\.key) == ["externalId", "rt", "msg", "dvc", "cs1", "c6a1Label", "c6a1"])
        #expect(parsed["msg"] == "Log out: a b" && parsed["dvc"] == "" && parsed["c6a1"] == "")
        #expect(parsed["cs1"] == "https://t.example/#/audits?activity.id=eq(15_a,)")
        #expect(parsed["c6a1Label"] == "\"Device IPv6 Address\"" && parsed["suser"] == nil)
    }

    @Test("resolves the escapes of header and extension")
    func escapes() throws {
        let parsed = try CEFParser.parse(
            #"CEF:1|a\|b|c\\d|1=2|e f|n|Very-High|msg=a\\b \=c\nd\re|f \\\= cs1= x  y "#
        )

        #expect(
            parsed.deviceVendor == "a|b" && parsed.deviceProduct == #"c\d"# && parsed.deviceVersion == "1=2"
        )
        #expect(parsed["msg"] == "a\\b =c\nd\re|f \\=")
        #expect(parsed["cs1"] == " x  y ")
    }

    @Test("accepts an empty extension")
    func emptyExtension() throws {
        #expect(try CEFParser.parse("CEF:0|a|b|c|d|e|10|").pairs.isEmpty)
        #expect(try CEFParser.parse("CEF:0|a|b|c|d|e|10").pairs.isEmpty)
    }

    @Test(
        "rejects what the format forbids",
        arguments: [
            ("", .noMarker), ("<13>nothing", .noMarker), ("xCEF:0|a|b|c|d|e|0|", .noMarker),
            ("CEF:2|a|b|c|d|e|0|", .badVersion), ("CEF:00|a|b|c|d|e|0|", .badVersion),
            ("CEF:0|a|b|c|d", .missingField),
            (#"CEF:0|a\=b|b|c|d|e|0|"#, .badHeaderEscape), (#"CEF:0|a|b|c|d|e\|0|"#, .badSeverity),
            ("CEF:0|a|b|c|d|e|11|", .badSeverity), ("CEF:0|a|b|c|d|e|low|", .badSeverity),
            ("CEF:0|a|b|c|d|e|01|", .badSeverity), ("CEF:0|a|b|c|d|e|0|no pairs", .badKey),
            ("CEF:0|a|b|c|d|e|0| msg=x", .badKey), ("CEF:0|a|b|c|d|e|0|ms-g=x", .badKey),
            ("CEF:0|a|b|c|d|e|0|msg=a=b", .unescapedEquals),
            ("CEF:0|a|b|c|d|e|0|msg=x y-z=b", .unescapedEquals),
            ("CEF:0|a|b|c|d|e|0|msg=a msg=b", .repeatedKey),
            (#"CEF:0|a|b|c|d|e|0|msg=a\|b"#, .badExtensionEscape),
            (#"CEF:0|a|b|c|d|e|0|msg=a\"#, .badExtensionEscape), ("CEF:0|a|b|c|d|e|0|msg=a\nb", .lineBreak),
            ("<192>CEF:0|a|b|c|d|e|0|", .badPriority), ("<013>CEF:0|a|b|c|d|e|0|", .badPriority),
            ("<13>1 yesterday h a p m - CEF:0|a|b|c|d|e|0|", .badPrefix),
            ("h  t CEF:0|a|b|c|d|e|0|", .badPrefix),
        ] as [(String, CEFError.Reason)]
    )
    func refused(line: String, reason: CEFError.Reason) {
        let error = #expect(throws: CEFError.self) { try CEFParser.parse(line) }

        #expect(error?.reason == reason)
    }

    @Test("rejects bytes that are not UTF-8")
    func invalidUTF8() {
        #expect(throws: CEFError(reason: .notUTF8, offset: 0)) {
            try CEFParser.parse(Array("CEF:0|a|b|c|d|e|0|msg=".utf8) + [0xC0, 0xAF])
        }
    }

    @Test(
        "supports the styles of headers",
        arguments: [
            ("", CEFPrefix(priority: nil, style: .none, time: nil, host: nil, rest: "")),
            ("<109>", CEFPrefix(priority: 109, style: .none, time: nil, host: nil, rest: "")),
            (
                "<109>Mar 02 21:10:02 ",
                CEFPrefix(priority: 109, style: .rfc3164, time: "Mar 02 21:10:02", host: nil, rest: "")
            ),
            (
                "<0>Mar  2 21:10:02 host ",
                CEFPrefix(priority: 0, style: .rfc3164, time: "Mar  2 21:10:02", host: "host", rest: "")
            ),
            (
                "Mar 02 2023 21:10:02 host tag: ",
                CEFPrefix(
                    priority: nil,
                    style: .rfc3164WithYear,
                    time: "Mar 02 2023 21:10:02",
                    host: "host",
                    rest: "tag:"
                )
            ),
            (
                "<13>2023-03-02T21:10:02.022+01:00 host ",
                CEFPrefix(
                    priority: 13,
                    style: .iso,
                    time: "2023-03-02T21:10:02.022+01:00",
                    host: "host",
                    rest: ""
                )
            ),
            (
                "<13>1 2023-03-02T21:10:02Z host app - ID47 [x@32473 id=\"1 2\"] \u{FEFF}",
                CEFPrefix(
                    priority: 13,
                    style: .rfc5424,
                    time: "2023-03-02T21:10:02Z",
                    host: "host",
                    rest: "app - ID47 [x@32473 id=\"1 2\"]"
                )
            ),
            (
                "<13>1 - - - - - - ",
                CEFPrefix(priority: 13, style: .rfc5424, time: nil, host: nil, rest: "- - - -")
            ),
        ]
    )
    func prefixes(text: String, prefix: CEFPrefix) throws {
        #expect(try CEFParser.parse("\(text)\(Self.header)msg=x").prefix == prefix)
    }
}
