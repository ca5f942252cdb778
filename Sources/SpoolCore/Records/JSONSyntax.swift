/// Checks a text against the grammar of JSON (RFC 8259), without decoding it.
///
/// Decoders accept more, each in a different way: numbers such as `01` and `1.`, commas before a closing
/// bracket, unknown escapes. The JSON functions of SQLite do not, and make the whole query fail.
package enum JSONSyntax {
    /// The deepest nesting that every version of SQLite reads (JSON_MAX_DEPTH since 3.43; 2,000 before).
    private static let deepest = 1_000

    /// True for exactly one JSON value, optionally surrounded by white space.
    ///
    /// The bytes of strings are not checked to be UTF-8; `RecordSlicer` does that.
    package static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var scan = Scan(bytes: bytes)
            return scan.isValid(deepest: deepest)
        }
    }

    /// What may follow a token.
    private enum Next {
        /// A value; after `[` also the end of the array.
        case value, valueOrEnd
        /// A member name; after `{` also the end of the object.
        case name, nameOrEnd
        /// A comma or the end of the container; outside of containers, the end of the text.
        case commaOrEnd
    }

    private struct Scan {
        let bytes: UnsafeBufferPointer<UInt8>
        private var index = 0
        /// The expected closing brackets.
        private var closing: [UInt8] = []

        init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

        private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

        mutating func isValid(deepest: Int) -> Bool {
            var next = Next.value
            while true {
                while let byte = current, byte.isJSONWhitespace { index += 1 }
                guard let byte = current else { return next == .commaOrEnd && closing.isEmpty }
                if byte == closing.last, next != .value, next != .name {
                    closing.removeLast()
                    index += 1
                    next = .commaOrEnd
                    continue
                }
                switch next {
                case .commaOrEnd:
                    guard byte == .comma, let end = closing.last else { return false }
                    index += 1
                    next = end == .closeBrace ? .name : .value
                case .name, .nameOrEnd:
                    guard byte == .quote, skipString(), skipColon() else { return false }
                    next = .value
                case .value, .valueOrEnd:
                    guard byte == .openBrace || byte == .openBracket else {
                        guard skipScalar(byte) else { return false }
                        next = .commaOrEnd
                        continue
                    }
                    guard closing.count < deepest else { return false }
                    closing.append(byte == .openBrace ? .closeBrace : .closeBracket)
                    index += 1
                    next = byte == .openBrace ? .nameOrEnd : .valueOrEnd
                }
            }
        }

        private mutating func skipColon() -> Bool {
            while let byte = current, byte.isJSONWhitespace { index += 1 }
            guard current == .colon else { return false }
            index += 1
            return true
        }

        private mutating func skipScalar(_ first: UInt8) -> Bool {
            switch first {
            case .quote: skipString()
            case UInt8(ascii: "t"): skip("true")
            case UInt8(ascii: "f"): skip("false")
            case UInt8(ascii: "n"): skip("null")
            default: skipNumber()
            }
        }

        private mutating func skip(_ word: StaticString) -> Bool {
            for byte in UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount) {
                guard current == byte else { return false }
                index += 1
            }
            return true
        }

        /// RFC 8259, section 7.
        private mutating func skipString() -> Bool {
            index += 1
            while let byte = current {
                index += 1
                if byte == .quote { return true }
                if byte < 0x20 { return false }
                guard byte == .backslash else { continue }
                guard let escaped = current else { return false }
                index += 1
                switch escaped {
                case .quote, .backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                    UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    break
                case UInt8(ascii: "u"):
                    for _ in 0..<4 {
                        guard let digit = current, digit.isHexDigit else { return false }
                        index += 1
                    }
                default: return false
                }
            }
            return false
        }

        /// RFC 8259, section 6.
        private mutating func skipNumber() -> Bool {
            if current == UInt8(ascii: "-") { index += 1 }
            if current == UInt8(ascii: "0") {
                index += 1
            } else if !skipDigits() {
                return false
            }
            if current == UInt8(ascii: ".") {
                index += 1
                guard skipDigits() else { return false }
            }
            if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
                index += 1
                if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
                guard skipDigits() else { return false }
            }
            return true
        }

        /// False if there are no digits.
        private mutating func skipDigits() -> Bool {
            let start = index
            while let byte = current, byte.isDigit { index += 1 }
            return index > start
        }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isHexDigit: Bool {
        isDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self)
    }
}
