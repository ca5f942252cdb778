/// Parses `key=value` pairs, whose values may contain spaces: a value ends where ` key=` begins.
enum CEFExtensionParser {
    static func parse(_ bytes: ArraySlice<UInt8>) throws(CEFError) -> [CEFLine.Pair] {
        guard !bytes.isEmpty else { return [] }
        let equals = unescapedEquals(in: bytes)
        guard let first = equals.first else { throw CEFError(reason: .badKey, offset: bytes.startIndex) }
        var starts = [bytes.startIndex]
        guard isKey(bytes[bytes.startIndex..<first]) else {
            throw CEFError(reason: .badKey, offset: bytes.startIndex)
        }
        for (previous, sign) in zip(equals, equals.dropFirst()) {
            let value = bytes[(previous + 1)..<sign]
            guard let space = value.lastIndex(of: UInt8(ascii: " ")), isKey(bytes[(space + 1)..<sign]) else {
                throw CEFError(reason: .unescapedEquals, offset: sign)
            }
            starts.append(space + 1)
        }
        var pairs: [CEFLine.Pair] = []
        var seen: Set<String> = []
        for (index, sign) in equals.enumerated() {
            let key = String(decoding: bytes[starts[index]..<sign], as: UTF8.self)
            guard seen.insert(key).inserted else {
                throw CEFError(reason: .repeatedKey, offset: starts[index])
            }
            let end = index + 1 < starts.count ? starts[index + 1] - 1 : bytes.endIndex
            guard end > sign else { throw CEFError(reason: .badSpacing, offset: sign) }
            pairs.append(CEFLine.Pair(key: key, value: try unescape(bytes[(sign + 1)..<end])))
        }
        return pairs
    }

    private static func unescapedEquals(in bytes: ArraySlice<UInt8>) -> [Int] {
        var places: [Int] = []
        var isEscaped = false
        for index in bytes.indices {
            if isEscaped {
                isEscaped = false
            } else if bytes[index] == UInt8(ascii: "\\") {
                isEscaped = true
            } else if bytes[index] == UInt8(ascii: "=") {
                places.append(index)
            }
        }
        return places
    }

    private static func isKey(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func unescape(_ bytes: ArraySlice<UInt8>) throws(CEFError) -> String {
        var text: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            guard bytes[index] == UInt8(ascii: "\\") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            let escaped = index + 1 < bytes.endIndex ? bytes[index + 1] : 0
            switch escaped {
            case UInt8(ascii: "\\"), UInt8(ascii: "="): text.append(escaped)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            default: throw CEFError(reason: .badExtensionEscape, offset: index)
            }
            index += 2
        }
        return String(decoding: text, as: UTF8.self)
    }
}
