/// The UTF-8 sequence at the start of some bytes.
struct UTF8Sequence {
    /// Its length in bytes: of a character, or of an invalid subpart.
    let length: Int
    let isValid: Bool

    /// Reads the sequence that starts at `bytes`, which must not be ASCII.
    ///
    /// The valid byte ranges are those of Unicode 16, table 3-7. An ill-formed sequence counts as one
    /// "maximal subpart", to be replaced by one U+FFFD (section 3.9, U+FFFD substitution).
    init(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        let second: ClosedRange<UInt8>
        let full: Int
        switch bytes[0] {
        case 0xC2...0xDF: (full, second) = (2, 0x80...0xBF)
        case 0xE0: (full, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (full, second) = (3, 0x80...0xBF)
        case 0xED: (full, second) = (3, 0x80...0x9F)
        case 0xF0: (full, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (full, second) = (4, 0x80...0xBF)
        case 0xF4: (full, second) = (4, 0x80...0x8F)
        default:
            (length, isValid) = (1, false)
            return
        }
        var seen = 1
        if seen < count, second.contains(bytes[1]) {
            seen = 2
            while seen < full, seen < count, bytes[seen] & 0xC0 == 0x80 { seen += 1 }
        }
        (length, isValid) = (seen, seen == full)
    }
}
