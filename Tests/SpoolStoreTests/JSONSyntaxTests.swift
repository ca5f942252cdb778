import GRDB
import SpoolCore
import Testing

@testable import SpoolStore

@Suite("What counts as JSON")
struct JSONSyntaxTests {
    private static let valid = [
        "{}", "[]", "null", "true", "false", "0", "-0", "10", "1.5", "-1.50e+07", "1E5", #""""#,
        #"{"a":[1,{"b":null}],"a":2}"#, " [ 1 , 2 ] ", "[[],{},[{}]]", #""\"\\\/\b\f\n\r\t\u00e9\ud800""#,
        #"{"\u0000":"\u0000"}"#, "\"é\u{7F}\u{2028}\"",
        String(repeating: "[", count: 400) + String(repeating: "]", count: 400),
    ]
    /// Texts that some decoders accept as JSON.
    private static let lenient = [
        "01", "-01", "1.", ".5", "1e", "1e+", "-", "--1", "+1", "1.2.3", "0x10", "NaN", "Infinity", "True",
        "tru", "nullx",
        #""\q""#, #""\u00zz""#, #""\u00"#, "\"a\tb\"", "\"a\u{1F}b\"", "'a'", "[1,]", "[,1]", "[1 2]",
        #"{"a":1,}"#,
        #"{,}"#, #"{"a"}"#, #"{"a":}"#, #"{"a" 1}"#, #"{a:1}"#, #"{1:1}"#, "{} {}", "1 2", "[", "]", "[1}",
        "{]", "", " ",
        #"{"a":/*c*/1}"#, "\"open",
    ]

    @Test("is what SQLite reads as JSON, and nothing else", arguments: valid + lenient)
    func matches(text: String) async throws {
        let test = try TestSpool()
        let isRead = try await test.spool.read { db in
            try Bool.fetchOne(db, sql: "SELECT json_valid(?)", arguments: [text]) == true
        }

        #expect(JSONSyntax.isValid(Array(text.utf8)[...]) == isRead)
        #expect(isRead == Self.valid.contains(text))
    }

    @Test("nesting that newer versions of SQLite reject is not JSON")
    func depth() {
        let text = String(repeating: "[", count: 1_001) + String(repeating: "]", count: 1_001)

        #expect(!JSONSyntax.isValid(Array(text.utf8)[...]))
        #expect(JSONSyntax.isValid(Array(text.utf8)[1..<2_001]))
    }
}
