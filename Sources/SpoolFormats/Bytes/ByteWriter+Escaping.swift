private let everyByte: UInt64 = 0x0101_0101_0101_0101
private let everyTopBit: UInt64 = 0x8080_8080_8080_8080
private let backslash = UInt8(ascii: "\\")

/// Marks, in the top bit of each byte, the bytes that cannot be copied unchanged.
///
/// These are control characters, DEL, everything beyond ASCII, the backslash and the delimiter. The lowest
/// mark is always correct; those above it may be false, because borrows run upwards. Therefore only the
/// lowest is used. Source: "Bit Twiddling Hacks", `hasless` and `haszero`.
@inline(__always)
private func marks(_ word: UInt64, delimiters: UInt64) -> UInt64 {
    let control = (word &- everyByte &* 0x20) & ~word
    let delete = word ^ (everyByte &* 0x7F)
    let slash = word ^ (everyByte &* UInt64(backslash))
    let delimiter = word ^ delimiters
    let equal =
        ((delete &- everyByte) & ~delete) | ((slash &- everyByte) & ~slash)
        | ((delimiter &- everyByte) & ~delimiter)
    return (word | control | equal) & everyTopBit
}

extension ByteWriter {
    /// Writes a text escaped: runs without special bytes are copied in words while they are scanned.
    ///
    /// Writes at most three bytes per input byte.
    @inline(__always)
    mutating func put<Rules: EscapeRules>(
        escaping bytes: UnsafePointer<UInt8>,
        _ count: Int,
        as rules: Rules.Type
    ) {
        let delimiters = everyByte &* UInt64(rules.delimiter)
        var at = 0
        while count - at >= 8 {
            let word = UInt64(
                littleEndian: UnsafeRawPointer(bytes + at).loadUnaligned(as: UInt64.self)
            )
            let found = marks(word, delimiters: delimiters)
            if found == 0 {
                put(word: word, keeping: 8)
                at += 8
            } else {
                let clean = found.trailingZeroBitCount / 8
                put(word: word, keeping: clean)
                at += clean
                at += putCharacter(bytes + at, count - at, as: rules)
            }
        }
        while at < count { at += putCharacter(bytes + at, count - at, as: rules) }
    }

    /// Writes one character escaped and returns the number of input bytes it used.
    ///
    /// Control characters become spaces: a tab separates pairs for some parsers, NUL ends texts, ESC controls
    /// terminals. So do U+0080-U+009F (control characters as well) and the line ends U+2028 and U+2029.
    @inline(__always)
    mutating func putCharacter<Rules: EscapeRules>(
        _ bytes: UnsafePointer<UInt8>,
        _ count: Int,
        as rules: Rules.Type
    ) -> Int {
        let byte = bytes[0]
        if byte >= 0x80 { return putWide(bytes, count) }
        if byte == backslash || byte == rules.delimiter {
            put(backslash)
            put(byte)
        } else if byte >= 0x20, byte != 0x7F {
            put(byte)
        } else if rules.escapesNewlines, byte == 0x0A || byte == 0x0D {
            put(backslash)
            put(byte == 0x0A ? UInt8(ascii: "n") : UInt8(ascii: "r"))
        } else {
            put(UInt8(ascii: " "))
        }
        return 1
    }

    /// Writes one character beyond ASCII, or U+FFFD for an invalid sequence.
    @inline(never)
    mutating func putWide(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let sequence = UTF8Sequence(bytes, count)
        if !sequence.isValid {
            put("\u{FFFD}")
        } else if isControlOrLineEnd(bytes, sequence.length) {
            put(UInt8(ascii: " "))
        } else {
            put(bytes, sequence.length)
        }
        return sequence.length
    }

    /// Writes such a character inside a JSON string, where control characters and line ends can be escaped.
    ///
    /// Writes at most three bytes per input byte.
    mutating func putWideInJSON(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let sequence = UTF8Sequence(bytes, count)
        if !sequence.isValid {
            put("\u{FFFD}")
        } else if !isControlOrLineEnd(bytes, sequence.length) {
            put(bytes, sequence.length)
        } else if sequence.length == 2 {
            put("\\u00")
            put(hexadecimal: bytes[1])
        } else {
            put(bytes[2] == 0xA8 ? "\\u2028" : "\\u2029")
        }
        return sequence.length
    }

    private mutating func put(hexadecimal byte: UInt8) {
        for digit in [byte >> 4, byte & 0x0F] {
            put(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private func isControlOrLineEnd(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        switch length {
        case 2: bytes[0] == 0xC2 && bytes[1] < 0xA0
        case 3: bytes[0] == 0xE2 && bytes[1] == 0x80 && (bytes[2] == 0xA8 || bytes[2] == 0xA9)
        default: false
        }
    }
}

/// The escaping rules for one part of a line.
protocol EscapeRules {
    /// The byte that is escaped with a backslash, in addition to the backslash itself.
    static var delimiter: UInt8 { get }
    /// True when CR and LF become the two characters `\r` and `\n`; otherwise they become spaces.
    static var escapesNewlines: Bool { get }
}

/// A field of the CEF header: `\` and `|` are escaped, and line ends are not allowed.
///
/// Source: CEF guide, revision 23, "Character Encoding".
enum CEFHeaderRules: EscapeRules {
    static var delimiter: UInt8 { UInt8(ascii: "|") }
    static var escapesNewlines: Bool { false }
}

/// A value of the CEF extension: `\` and `=` are escaped, and line ends are written as `\r` and `\n` (same
/// source).
enum CEFValueRules: EscapeRules {
    static var delimiter: UInt8 { UInt8(ascii: "=") }
    static var escapesNewlines: Bool { true }
}

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
