/// The well-formed sequences of UTF-8 (Unicode Standard, table 3-7).
enum UTF8Sequence {
    /// The length of the sequence at `index`; 0 when no well-formed sequence begins there.
    static func length(in bytes: borrowing Span<UInt8>, at index: Int) -> Int {
        let first = bytes[index]
        switch first {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: return continues(bytes, index + 1, 1) ? 2 : 0
        case 0xE0...0xEF:
            guard index + 1 < bytes.count else { return 0 }
            let second = bytes[index + 1]
            // No overlong forms, no surrogates.
            if first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F { return 0 }
            return continues(bytes, index + 1, 2) ? 3 : 0
        case 0xF0...0xF4:
            guard index + 1 < bytes.count else { return 0 }
            let second = bytes[index + 1]
            // No overlong forms, nothing above U+10FFFF.
            if first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F { return 0 }
            return continues(bytes, index + 1, 3) ? 4 : 0
        default: return 0
        }
    }

    private static func continues(_ bytes: borrowing Span<UInt8>, _ start: Int, _ count: Int) -> Bool {
        guard start + count <= bytes.count else { return false }
        for index in start..<start + count where bytes[index] & 0xC0 != 0x80 { return false }
        return true
    }
}
