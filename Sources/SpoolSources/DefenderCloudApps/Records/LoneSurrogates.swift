import Foundation

/// Escapes of lone surrogates (`\ud83d` without its other half), which JSON's grammar allows and decoders
/// reject.
enum LoneSurrogates {
    /// The record with each of them replaced by U+FFFD, for reading only; nil when it has none.
    static func replaced(in record: ArraySlice<UInt8>) -> Data? {
        var repaired: [UInt8]?
        var index = record.startIndex
        while let backslash = record[index...].firstIndex(of: UInt8(ascii: "\\")) {
            guard let unit = unit(record, at: backslash) else {
                // Another escape: two bytes, so that an escaped backslash does not count as the start of the
                // next escape.
                index = min(backslash + 2, record.endIndex)
                continue
            }
            let isPair =
                (0xD800...0xDBFF).contains(unit)
                && (Self.unit(record, at: backslash + 6).map { (0xDC00...0xDFFF).contains($0) } ?? false)
            if !isPair, (0xD800...0xDFFF).contains(unit) {
                if repaired == nil { repaired = Array(record) }
                let offset = backslash - record.startIndex
                for (index, byte) in #"\ufffd"#.utf8.enumerated() { repaired?[offset + index] = byte }
            }
            index = backslash + (isPair ? 12 : 6)
        }
        return repaired.map { Data($0) }
    }

    /// The code unit of the escape `\uXXXX` at `index`.
    private static func unit(_ bytes: ArraySlice<UInt8>, at index: Int) -> UInt16? {
        guard index + 6 <= bytes.endIndex, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
