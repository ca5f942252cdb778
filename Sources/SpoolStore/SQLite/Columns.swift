import Foundation
import GRDB
import SpoolCore

extension Timestamp {
    /// A nullable column ending `_ms`.
    init?(_ milliseconds: Int64?) {
        guard let milliseconds else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

/// JSON columns: `stream.cursor`, `stream.sweep`, `replay.streams`, `replay.scan` and `proof.result`.
///
/// What is read from them is never a reason to fail: another build may have written it, or a hand. Each reader says what
/// takes the place of a value that cannot be read.
enum JSONColumn {
    static func text<Value: Encodable>(_ value: Value?) throws -> String? {
        guard let value else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The value; nil for NULL, and for a text that is no JSON of this type.
    static func value<Value: Decodable>(_ type: Value.Type, _ text: String?) -> Value? {
        guard let text else { return nil }
        // The reader's own substitute is the answer to any error.
        return try? JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

extension Row {
    /// A text column that was selected as `CAST(column AS BLOB)`: whole, where GRDB ends a text at a NUL.
    func wholeText(_ index: Int) -> String { String(decoding: self[index] as Data, as: UTF8.self) }

    /// The same by the column's name.
    func wholeText(_ name: String) -> String { String(decoding: self[name] as Data, as: UTF8.self) }
}
