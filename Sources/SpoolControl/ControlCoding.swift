import Foundation

/// Encoding of values on the socket: JSON, with times in integer milliseconds.
package enum ControlCoding {
    /// The maximum size of an answer in bytes.
    package static let limit = 16 << 20
    /// The maximum size of a request in bytes.
    package static let requestLimit = 8 << 20

    /// The value's JSON; keys sorted, so that equal values have equal bytes.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// The value of a JSON text.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
