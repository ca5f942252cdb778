import Foundation
import GRDB
import SpoolCore

extension Timestamp {
    /// Converts a nullable column whose name ends in `_ms`.
    init?(_ milliseconds: Int64?) {
        guard let milliseconds else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

/// JSON columns: `stream.cursor`, `stream.sweep`, `replay.streams`, `replay.scan` and `proof.result`.
///
/// An unreadable value is never an error: another build, or an edit by hand, may have written it. Each reader
/// defines a substitute for it.
enum JSONColumn {
    static func text<Value: Encodable>(_ value: Value?) throws -> String? {
        guard let value else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The value; nil for NULL, and for a text that is not JSON of this type.
    static func value<Value: Decodable>(_ type: Value.Type, _ text: String?) -> Value? {
        guard let text else { return nil }
        // Any error leads to the reader's substitute.
        return try? JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

extension Row {
    /// A text column that was selected as `CAST(column AS BLOB)`, including NUL characters, at which GRDB
    /// would cut it off.
    func wholeText(_ index: Int) -> String { String(decoding: self[index] as Data, as: UTF8.self) }

    /// The same, by column name.
    func wholeText(_ name: String) -> String { String(decoding: self[name] as Data, as: UTF8.self) }
}
