/// Recreates a generated record's id and bytes on demand, from the seed and its number.
struct RecordBytes: Sendable {
    let seed: UInt64
    /// One activity in this many is 200 KB long; 0 for none.
    let largeEvery: UInt32

    private var numbers: RecordNumber { RecordNumber(seed: seed) }

    func id(_ stream: PortalStream, _ entry: RecordEntry) -> String {
        switch stream {
        case .activities: activityID(entry, ActivityTraits(seed: seed, number: entry.number))
        case .alerts: alertID(entry)
        }
    }

    func candidates(for id: String) -> [UInt32] {
        numbers.candidates(in: id)
    }

    func traits(_ stream: PortalStream, _ entry: RecordEntry) -> RecordTraits {
        switch stream {
        case .activities:
            let traits = ActivityTraits(seed: seed, number: entry.number)
            return RecordTraits(traits, id: activityID(entry, traits))
        case .alerts:
            return RecordTraits(AlertTraits(seed: seed, number: entry.number), id: alertID(entry))
        }
    }

    func write(_ stream: PortalStream, _ entry: RecordEntry, to writer: inout JSONWriter) {
        switch stream {
        case .activities:
            let traits = ActivityTraits(seed: seed, number: entry.number)
            let isLarge = largeEvery > 0 && entry.number % largeEvery == largeEvery - 1
            ActivityText(
                id: activityID(entry, traits),
                entry: entry,
                traits: traits,
                padding: isLarge ? 200_000 : 0
            ).write(to: &writer)
        case .alerts:
            let traits = AlertTraits(seed: seed, number: entry.number)
            AlertText(id: alertID(entry), entry: entry, traits: traits).write(to: &writer)
        }
    }

    private func activityID(_ entry: RecordEntry, _ traits: ActivityTraits) -> String {
        var dice = Dice(seed: seed, number: UInt64(entry.number), purpose: 3)
        let hidden = numbers.digits(entry.number)
        let tenant = Vocabulary.tenantNumber
        switch traits.kind {
        case .file, .mailCommand:
            return "\(tenant)_\(traits.app.id)_\(guid(&dice, hidden))"
        case .failedLogin, .login:
            let random = (0..<3).map { _ in hexadecimal(dice.next(), width: 16) }.joined()
            return "\(random)\(hexadecimal(dice.next(), width: 4))\(hidden)"
        case .serviceNow:
            return "\(entry.created)_\(guid(&dice, hidden))"
        case .directory:
            return "\(guid(&dice, hidden))_\(tenant)_\(entry.created)_\(traits.app.id)"
        case .oldAgent:
            return "\(tenant)_\(entry.created)_\(hexadecimal(dice.next(), width: 16))"
                + "\(hexadecimal(dice.next(), width: 4))\(hidden)"
        case .bare:
            let random = (0..<9).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
            return Base64URL.encode(random + numbers.bytes(entry.number))
        }
    }

    private func alertID(_ entry: RecordEntry) -> String {
        var dice = Dice(seed: seed, number: UInt64(entry.number), purpose: 4)
        let second = hexadecimal(UInt64(max(0, entry.created / 1000)), width: 8)
        return "\(second)\(hexadecimal(dice.next(), width: 4))\(numbers.digits(entry.number))"
    }
}

/// A GUID of version 4 that ends with the given twelve digits.
func guid(_ dice: inout Dice, _ last: String? = nil) -> String {
    let first = hexadecimal(dice.next(), width: 8)
    let second = hexadecimal(dice.next(), width: 4)
    let third = hexadecimal(dice.next(), width: 3)
    let fourth = hexadecimal(dice.next(), width: 3)
    return "\(first)-\(second)-4\(third)-8\(fourth)-\(last ?? hexadecimal(dice.next(), width: 12))"
}

/// Embeds a record's number in its id, so that the record can be found by its id without an index.
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

    /// The numbers that an id of any form may contain; the caller compares ids.
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
