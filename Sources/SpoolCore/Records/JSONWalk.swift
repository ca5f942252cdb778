/// Steps over JSON text byte by byte, without decoding it.
///
/// It follows strings and brackets only. What is between them (numbers, literals) is checked only when a
/// record is parsed. Nesting has no limit, because the walk is not recursive.
struct JSONWalk {
    let bytes: [UInt8]
    private(set) var index: Int
    /// False once a string contained invalid UTF-8 or a raw control character, or such bytes occurred outside
    /// strings.
    var isClean = true
    /// The number of values and containers stepped over within containers.
    var values = 0
    /// The expected closing brackets.
    private var closing: [UInt8] = []

    init(_ bytes: [UInt8], at index: Int = 0) {
        self.bytes = bytes
        self.index = index
    }

    /// The next byte; nil at the end.
    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func skipWhitespace() {
        while index < bytes.count, bytes[index].isJSONWhitespace { index += 1 }
    }

    /// Steps over `byte` if it comes next, after white space.
    mutating func take(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard current == byte else { return false }
        index += 1
        return true
    }

    /// Steps over `byte`, which must come next.
    mutating func require(_ byte: UInt8) throws(SliceError) {
        if take(byte) { return }
        throw current == nil ? .truncated : .malformed(at: index)
    }

    /// Steps over the value that comes next and returns its range.
    mutating func skipValue() throws(SliceError) -> Range<Int> {
        skipWhitespace()
        let start = index
        switch current {
        case nil: throw .truncated
        case .quote: try skipString()
        case .openBrace, .openBracket: try skipContainer()
        default: try skipScalar()
        }
        return start..<index
    }

    /// Steps over the string whose opening quote comes next.
    mutating func skipString() throws(SliceError) {
        let (end, isCleanString) = Self.endOfString(in: bytes.span, after: index)
        guard let end else { throw .truncated }
        index = end
        isClean = isClean && isCleanString
    }

    /// The index after the closing quote of the string that opens at `quote`; nil when the string does not
    /// end.
    private static func endOfString(
        in span: borrowing Span<UInt8>,
        after quote: Int
    ) -> (end: Int?, isClean: Bool) {
        var at = quote + 1
        var isClean = true
        while at < span.count {
            let byte = span[at]
            if byte >= 0x20, byte < 0x80, byte != .quote, byte != .backslash {
                at += 1
            } else if byte == .quote {
                return (at + 1, isClean)
            } else if byte == .backslash {
                at += 1
                if at < span.count, span[at] == .quote || span[at] == .backslash { at += 1 }
            } else if byte < 0x20 {
                isClean = false
                at += 1
            } else {
                let length = UTF8Sequence.length(in: span, at: at)
                if length == 0 { isClean = false }
                at += max(length, 1)
            }
        }
        return (nil, isClean)
    }

    private mutating func skipContainer() throws(SliceError) {
        closing.removeAll(keepingCapacity: true)
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case .quote:
                try skipString()
                continue
            case .openBrace:
                closing.append(.closeBrace)
                values += 1
            case .openBracket:
                closing.append(.closeBracket)
                values += 1
            case .comma: values += 1
            case .closeBrace, .closeBracket:
                guard closing.popLast() == byte else { throw .malformed(at: index) }
                if closing.isEmpty {
                    index += 1
                    return
                }
            default:
                if byte >= 0x80 || byte < 0x20 && !byte.isJSONWhitespace { isClean = false }
            }
            index += 1
        }
        throw .truncated
    }

    private mutating func skipScalar() throws(SliceError) {
        let start = index
        while let byte = current, !byte.endsJSONScalar { index += 1 }
        if index == start { throw .malformed(at: index) }
        if bytes[start..<index].contains(where: { $0 >= 0x80 || $0 < 0x20 }) { isClean = false }
    }
}

extension UInt8 {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let colon = UInt8(ascii: ":")
    static let comma = UInt8(ascii: ",")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")

    /// RFC 8259 §2: blank, tab, line feed, carriage return.
    var isJSONWhitespace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }

    fileprivate var endsJSONScalar: Bool {
        isJSONWhitespace || self == .comma || self == .closeBrace || self == .closeBracket || self == .colon
            || self == .quote || self == .openBrace || self == .openBracket
    }
}

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
