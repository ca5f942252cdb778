import Foundation
import SpoolCore

/// JSON for scripts, with control characters escaped; that does not change the meaning of JSON.
enum JSONText {
    /// JSON on several lines, with sorted keys.
    static func of(_ value: some Encodable) throws -> String {
        try text(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// A JSON object on one line, for scripts that read line by line.
    static func line(_ value: some Encodable) throws -> String {
        try text(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func text(_ value: some Encodable, _ format: JSONEncoder.OutputFormatting) throws -> String
    {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format
        return PrintableText.escapedJSON(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
