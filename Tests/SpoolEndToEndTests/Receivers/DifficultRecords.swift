import Foundation
import SpoolSimulator

/// Activities designed to break a line, a header, a frame or a parser; one is far too long for a line.
enum DifficultRecords {
    static let tooLong = "difficult-too-long"

    /// All of them, saved an hour before `now`.
    static func all(now: Int64) throws -> [SimulatedRecord] {
        let texts = [
            "pipes": "|a||b\\|c|", "equals": "=a==b\\=c= rt=5 externalId=none msg=none",
            "backslashes": "\\a\\\\b\\\\\\",
            "lines": "one\ntwo\r\nthree\rfour\n",
            "controls": "nul\u{0} tab\t esc\u{1B}[31m del\u{7F} nel\u{85} \u{2028}\u{2029}",
            "unicode": "Zoë 山田 أحمد 🤖👩‍👩‍👧‍👦 e\u{301} \u{202E}right to left \u{FEFF}\u{FFFD}",
            "blanks": "  two before, two after  ",
            "header": "<13>Jan  1 00:00:00 host CEF:0|MCAS|x|y|z|n|9|externalId=none",
            "count": "123 <13>not a frame", "formats": "%s %n %msg% $HOST ${MSG} $(env) {{x}}",
            "quotes": "\"'`",
            "html": "<p>a &amp; b<br/></p>", "almost": String(repeating: "é", count: 1_500),
            "too-long": String(repeating: "山=田|\\\n🤖 ", count: 10_000),
        ]
        return try texts.sorted { $0.key < $1.key }.map { name, text in
            try record(
                "difficult-\(name)",
                now - 3_600_000,
                [
                    "description": text, "user": ["userName": "\(text.prefix(200))"],
                    "appName": "App \(text.prefix(50))",
                    "appId": 11_161, "eventTypeName": "EVENT_CATEGORY_LOGIN",
                    "device": ["clientIP": "2001:db8::1", "userAgent": "\(text.prefix(100))"],
                    "mainInfo": [
                        "eventObjects": [["name": "\(text.prefix(100))"], ["other": 1], ["name": "b,c"]]
                    ],
                    // Names that differ only by case, as real records have them.
                    "Description": "not this one", "APPNAME": "nor this",
                ]
            )
        } + [
            try record(
                "difficult-nulls",
                now - 3_600_000,
                [
                    "description": NSNull(), "user": NSNull(), "device": ["clientIP": NSNull()],
                    "mainInfo": [],
                ]
            ),
            try record("difficult-bare", now - 3_600_000, [:]),
        ]
    }

    private static func record(_ id: String, _ time: Int64, _ fields: [String: Any]) throws -> SimulatedRecord
    {
        var fields = fields
        fields["_id"] = id
        fields["timestamp"] = time
        fields["created"] = time
        let raw = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
        return SimulatedRecord(raw: Array(raw), created: time, timestamp: time)
    }
}
