import SpoolCore
import SpoolFormats
import SpoolReceiver
import SpoolTestSupport
import Testing

struct EscapingTests {
    @Test(
        "a value is escaped by the rules of the CEF extension",
        arguments: [
            ("a=b", #"a\=b"#), (#"c:\d"#, #"c:\\d"#), ("a|b", "a|b"), ("one\ntwo", #"one\ntwo"#),
            ("one\r\ntwo", #"one\r\ntwo"#), ("tab\there", "tab here"), ("nul\0nul", "nul nul"),
            ("bell\u{7}\u{1b}[31m", "bell  [31m"), ("del\u{7f}", "del "), ("ends with \\", #"ends with \\"#),
            (" a=b ", #" a\=b "#), ("''myPolicy''", "''myPolicy''"), ("é €\u{1F980}", "é €\u{1F980}"),
            ("line\u{2028}para\u{2029}", "line para "), ("csi\u{9b}nel\u{85}", "csi nel "), ("", ""),
            ("1234567=", #"1234567\="#), ("12345678=", #"12345678\="#), ("=", #"\="#),
            ("nbsp\u{a0}", "nbsp\u{a0}"), ("https://x.example/?a=1", #"https://x.example/?a\=1"#),
        ]
    )
    func value(_ text: String, _ escaped: String) throws {
        let line = try lines(batch([event { $0.message = text }]))[0]

        #expect(line.contains(" msg=\(escaped) suser="))
    }

    @Test(
        "a name is escaped by the rules of the CEF header",
        arguments: [
            ("a|b", #"a\|b"#), (#"a\b"#, #"a\\b"#), ("a=b", "a=b"), ("a\nb\rc", "a b c"), ("é", "é"),
        ]
    )
    func header(_ text: String, _ escaped: String) throws {
        let line = try lines(batch([event { $0.action = text }]))[0]

        #expect(line.contains("|EVENT_CATEGORY_LOGIN|\(escaped)|0|externalId="))
    }

    /// The expected texts are Unicode's own examples of replacing maximal subparts (section 3.9, table 3-11).
    @Test(
        "bytes that are not UTF-8 are replaced by U+FFFD",
        arguments: [
            ([0xFF], "\u{FFFD}"), ([0xC0, 0xAF], "\u{FFFD}\u{FFFD}"),
            ([0xE0, 0x80, 0xBF], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF0, 0x81, 0x82], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF4, 0x90, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xE1, 0x80, 0x41], "\u{FFFD}A"), ([0xF0, 0x91, 0x92, 0x41], "\u{FFFD}A"), ([0xC3], "\u{FFFD}"),
            ([0xE2, 0x82], "\u{FFFD}"), ([0xE2, 0x3D], "\u{FFFD}\\="),
        ] as [([UInt8], String)]
    )
    func invalid(_ bytes: [UInt8], _ text: String) throws {
        let line = try lines(batch([.message: bytes]))[0]

        #expect(line.contains(" msg=\(text) suser="))
    }

    @Test("any text is read back by an independent parser", arguments: 0..<40)
    func roundTrip(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let events = (0..<25).map { _ in
            event(Bool.random(using: &random) ? .activity : .alert) { event in
                event.externalID = random.text()
                event.category = random.text()
                event.action = random.text()
                event.message = random.text()
                event.userName = random.text()
                event.appName = random.text()
                event.userAgent = random.text()
                event.objects = random.text()
                event.policies = random.text()
                event.link = random.text()
            }
        }

        let lines = try lines(batch(events), limit: 1 << 20)

        try #require(lines.count == events.count)
        for (line, event) in zip(lines, events) {
            let cef = try parsed(line)
            #expect(cef.eventClassID == harmless(event.category, newlines: false))
            #expect(cef.name == harmless(event.action, newlines: false))
            #expect(cef["externalId"] == harmless(event.externalID))
            #expect(cef["msg"] == harmless(event.message))
            #expect(cef["suser"] == harmless(event.userName))
            #expect(cef["destinationServiceName"] == harmless(event.appName))
            #expect(cef["cs3"] == harmless(event.objects))
            #expect(cef["cs4"] == harmless(event.policies))
            if event.kind == .activity {
                #expect(cef["requestClientApplication"] == harmless(event.userAgent))
            }
            if event.kind == .alert { #expect(cef["cs1"] == harmless(event.link)) }
        }
    }

    @Test("any bytes fit the requested capacity and are written as UTF-8 on one line", arguments: 0..<40)
    func anyBytes(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let byte: UInt8? = [nil, 0xFF, UInt8(ascii: "="), UInt8(ascii: ","), 0][Int(seed % 5)]
        var columns: [EventBatch.Column: [UInt8]] = [:]
        for column in EventBatch.Column.allCases {
            columns[column] = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                byte ?? UInt8.random(in: 0...255, using: &random)
            }
        }
        let batch = batch(columns, kind: seed % 2 == 0 ? .activity : .alert)

        for payload in [LineFormat.Payload.cef(.agent()), .cef(.clean()), .json] {
            for limit in [1_024, 1 << 20] {
                let format = LineFormat(
                    payload: payload,
                    envelope: .rfc5424(system: "host"),
                    framing: .lines,
                    maxMessageBytes: limit
                )
                let (bytes, result) = render(batch, format)
                let text = try split(bytes)
                #expect(text.count + result.tooLarge.count == 1)
                #expect(bytes.count <= limit + 1)
            }
        }
    }

    /// The text after replacing characters that are not allowed in a line.
    private func harmless(_ text: String, newlines: Bool = true) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0x0A where newlines, 0x0D where newlines: scalar
                    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: " "
                    default: scalar
                    }
                }
            )
        )
    }
}

extension SeededGenerator {
    /// A text with many characters that need escaping.
    fileprivate mutating func text() -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "b", "Z", "7", " ", "=", "\\", "|", ",", "\"", "'", "\n", "\r", "\t", "\0", "\u{1b}",
            "\u{7f}",
            "\u{85}", "é", "€", "\u{2028}", "\u{1F980}", "\u{FFFD}", "\u{FEFF}",
        ]
        let count = Int.random(in: 0...40, using: &self)
        var text = String.UnicodeScalarView()
        for _ in 0..<count {
            text.append(Bool.random(using: &self) ? "x" : alphabet.randomElement(using: &self) ?? "y")
        }
        return String(text)
    }
}
