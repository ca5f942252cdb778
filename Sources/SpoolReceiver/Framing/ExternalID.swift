import Foundation
import NIOCore

/// Finds the event's id in a CEF line without parsing the line.
enum ExternalID {
    private static let key = Array("externalId".utf8)

    /// The value of the first `externalId=` that begins an extension or follows a space.
    static func find(in message: ByteBuffer) -> String? {
        message.withUnsafeReadableBytes { bytes -> String? in
            guard let base = bytes.baseAddress else { return nil }
            var offset = 0
            while let hit = memchr(base + offset, Int32(UInt8(ascii: "=")), bytes.count - offset) {
                let sign = UnsafeRawPointer(hit) - base
                if isKey(bytes[..<sign]) {
                    let value = bytes[(sign + 1)...].prefix { $0 != UInt8(ascii: " ") }
                    return String(decoding: value, as: UTF8.self)
                }
                offset = sign + 1
            }
            return nil
        }
    }

    private static func isKey(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard bytes.count >= key.count, bytes.suffix(key.count).elementsEqual(key) else { return false }
        let before = bytes.dropLast(key.count).last
        return before == nil || before == UInt8(ascii: "|") || before == UInt8(ascii: " ")
    }
}
