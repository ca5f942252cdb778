import Foundation
import SpoolCore
import Testing

@Suite("Printable text")
struct PrintableTextTests {
    @Test(
        "characters that a terminal interprets are escaped",
        arguments: [
            ("plain text, ünïcödé, 日本", "plain text, ünïcödé, 日本"),
            ("\u{1B}[31mred", "\\x1B[31mred"),
            ("bell\u{7}", "bell\\x07"),
            ("a\r\nb\tc\u{0}d\u{7F}", "a\\r\\nb\\tc\\x00d\\x7F"),
            ("\u{9B}2J", "\\u{9B}2J"),
            ("exe\u{202E}gpj", "exe\\u{202E}gpj"),
            ("line\u{2028}separator", "line\\u{2028}separator"),
            ("👩\u{200D}💻", "👩\u{200D}💻"),
        ]
    )
    func escapes(text: String, expected: String) {
        #expect(PrintableText.escaped(text) == expected)
        #expect(PrintableText.escaped(PrintableText.escaped(text)) == expected)
    }

    @Test("a text over the limit is cut and marked")
    func limit() {
        #expect(PrintableText.escaped("abcdef", limit: 3) == "abc…")
        #expect(PrintableText.escaped("abc", limit: 3) == "abc")
    }

    @Test("a text of several lines keeps its line feeds, and everything else is escaped")
    func lines() {
        #expect(
            PrintableText.escapedLines("a\tb\r\nc\u{1B}[2J\u{202E}\n") == "a\\tb\\r\nc\\x1B[2J\\u{202E}\n"
        )
    }

    @Test("JSON has the same meaning after escaping, and contains nothing that a terminal interprets")
    func json() throws {
        let texts = ["\u{9B}2J", "\u{202E}x\u{2028}", "\u{E0001}", "\u{7F}", "plain ü 🙂", "a\nb"]
        let plain = String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)

        let escaped = PrintableText.escapedJSON(plain)

        #expect(try JSONDecoder().decode([String].self, from: Data(escaped.utf8)) == texts)
        #expect(!escaped.unicodeScalars.contains(where: PrintableText.isUnsafe))
        #expect(
            escaped.contains("\\u009B2J") && escaped.contains("\\uDB40\\uDC01") && escaped.contains("ü 🙂")
        )
    }
}

@Suite("Times at the end of their range")
struct TimeRangeTests {
    @Test("sums and differences of extreme times are limited instead of crashing the process")
    func saturates() {
        let last = Timestamp(milliseconds: .max)
        let first = Timestamp(milliseconds: .min)

        #expect(last + .seconds(1) == last)
        #expect(first - .days(1) == first)
        #expect(last.since(first) == .milliseconds(Int64.max))
        #expect(first.since(last) == .milliseconds(Int64.min))
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
        #expect(!Age.text(.milliseconds(Int64.min)).isEmpty)
        #expect(!last.description.isEmpty && !first.description.isEmpty)
    }

    @Test("a date outside the years 0 to 9999 does not exist")
    func years() {
        #expect(!CalendarDate(year: 300_000_000, month: 1, day: 1).exists)
        #expect(!CalendarDate(year: -1, month: 1, day: 1).exists)
        #expect(CalendarDate(year: 9_999, month: 12, day: 31).exists)
    }
}
