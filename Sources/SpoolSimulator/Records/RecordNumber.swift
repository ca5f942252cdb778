/// Hides a record's number in its id, so that an id leads back to its record without a table of ids.
struct RecordNumber {
    private let mask: UInt64

    init(seed: UInt64) {
        mask = Dice.mix(seed ^ 0x6964) & 0xFFFF_FFFF_FFFF
    }

    /// Twelve hexadecimal digits, different for every number.
    func digits(_ number: UInt32) -> String {
        hexadecimal(UInt64(number) ^ mask, width: 12)
    }

    /// Six bytes, different for every number.
    func bytes(_ number: UInt32) -> [UInt8] {
        let value = UInt64(number) ^ mask
        return (0..<6).map { UInt8(truncatingIfNeeded: value >> UInt64(40 - 8 * $0)) }
    }

    /// The numbers that an id of any form may stand for; the caller compares ids.
    func candidates(in id: String) -> [UInt32] {
        let parts: [Substring] = id.split(separator: "_").filter { $0.utf8.count >= 24 }
        var hidden = parts.compactMap { UInt64($0.suffix(12), radix: 16) }
        if let value = sextets(id.suffix(8)) { hidden.append(value) }
        return hidden.map { $0 ^ mask }.filter { $0 <= UInt64(UInt32.max) }.map { UInt32($0) }
    }

    private func sextets(_ text: Substring) -> UInt64? {
        guard text.utf8.count == 8 else { return nil }
        var value: UInt64 = 0
        for byte in text.utf8 {
            guard let sextet = Base64URL.alphabet.firstIndex(of: byte) else { return nil }
            value = value << 6 | UInt64(sextet)
        }
        return value
    }
}

/// The URL-safe alphabet of RFC 4648 §5.
enum Base64URL {
    static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Encodes a whole number of three-byte groups.
    static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count - 2, by: 3) {
            let group = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
            for shift in [18, 12, 6, 0] as [UInt32] {
                text.unicodeScalars.append(Unicode.Scalar(alphabet[Int(group >> shift & 0x3F)]))
            }
        }
        return text
    }
}
