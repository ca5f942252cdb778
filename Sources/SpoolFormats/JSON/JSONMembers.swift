/// The members of a JSON object, and the strings in their values, parsed by the grammar of RFC 8259.
struct JSONMembers {
    /// A member: its name with the quotes, its value, and the contents of each string in the value.
    struct Member {
        let name: Range<Int>
        let value: Range<Int>
        let strings: ArraySlice<Range<Int>>
    }

    /// Deeper nesting is not parsed, because the parser is recursive.
    static let deepest = 200

    private(set) var members: [Member] = []
    private let text: [UInt8]
    private var at = 0
    private var strings: [Range<Int>] = []

    /// Parses a whole text; nil when it is not a single JSON object.
    init?(_ text: [UInt8]) {
        self.text = text
        skipBlanks()
        guard take("{") else { return nil }
        skipBlanks()
        if !take("}") {
            repeat {
                guard let member = member() else { return nil }
                members.append(member)
            } while take(",")
            guard take("}") else { return nil }
        }
        skipBlanks()
        guard at == text.count else { return nil }
    }

    private mutating func member() -> Member? {
        skipBlanks()
        guard let inside = string() else { return nil }
        let name = inside.lowerBound - 1..<inside.upperBound + 1
        skipBlanks()
        guard take(":") else { return nil }
        skipBlanks()
        let (start, first) = (at, strings.count)
        guard value(depth: 1) else { return nil }
        let end = at
        skipBlanks()
        return Member(name: name, value: start..<end, strings: strings[first...])
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.deepest, at < text.count else { return false }
        switch text[at] {
        case UInt8(ascii: "\""):
            guard let inside = string() else { return false }
            strings.append(inside)
            return true
        case UInt8(ascii: "{"): return container(depth, "{", "}", hasNames: true)
        case UInt8(ascii: "["): return container(depth, "[", "]", hasNames: false)
        case UInt8(ascii: "t"): return take("true")
        case UInt8(ascii: "f"): return take("false")
        case UInt8(ascii: "n"): return take("null")
        default: return number()
        }
    }

    private mutating func container(
        _ depth: Int,
        _ open: StaticString,
        _ close: StaticString,
        hasNames: Bool
    ) -> Bool {
        guard take(open) else { return false }
        skipBlanks()
        if take(close) { return true }
        repeat {
            skipBlanks()
            if hasNames {
                guard string() != nil else { return false }
                skipBlanks()
                guard take(":") else { return false }
                skipBlanks()
            }
            guard value(depth: depth + 1) else { return false }
            skipBlanks()
        } while take(",")
        return take(close)
    }

    /// The contents of the next string, without its quotes.
    private mutating func string() -> Range<Int>? {
        guard take("\"") else { return nil }
        let start = at
        while at < text.count, text[at] != UInt8(ascii: "\"") {
            guard text[at] >= 0x20, let length = JSONCharacter.length(text, at) else { return nil }
            at += length
        }
        let end = at
        return take("\"") ? start..<end : nil
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0"), !digits() { return false }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = at
        while at < text.count, (0x30...0x39).contains(text[at]) { at += 1 }
        return at > start
    }

    private mutating func skipBlanks() {
        while at < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[at]) { at += 1 }
    }

    private mutating func take(_ token: StaticString) -> Bool {
        let count = token.utf8CodeUnitCount
        guard text.count - at >= count else { return false }
        for index in 0..<count where text[at + index] != token.utf8Start[index] { return false }
        at += count
        return true
    }
}

/// A character of a JSON string as written: an escape, or the bytes of its UTF-8.
enum JSONCharacter {
    /// The length of the character at `index`; nil for an invalid escape, or one that is cut off by the end
    /// of the text.
    ///
    /// The two escapes of a surrogate pair are one character.
    static func length(_ text: [UInt8], _ index: Int) -> Int? {
        let byte = text[index]
        guard byte == UInt8(ascii: "\\") else {
            let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return min(length, text.count - index)
        }
        guard index + 1 < text.count else { return nil }
        if text[index + 1] != UInt8(ascii: "u") {
            return #""\/bfnrt"#.utf8.contains(text[index + 1]) ? 2 : nil
        }
        guard let unit = unit(text, index) else { return nil }
        let isPair =
            (0xD800...0xDBFF).contains(unit)
            && self.unit(text, index + 6).map { (0xDC00...0xDFFF).contains($0) } ?? false
        return isPair ? 12 : 6
    }

    /// The code unit of an escape `\uXXXX`.
    private static func unit(_ text: [UInt8], _ index: Int) -> UInt16? {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u"),
            text[index + 2] != UInt8(ascii: "+")
        else { return nil }
        return UInt16(String(decoding: text[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
