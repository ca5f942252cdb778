import Testing

/// A parser of CEF written from the guide, independent of the encoder; refuses everything that strict
/// receivers refuse.
struct StrictCEF {
    enum Wrong: Error, Equatable {
        case noHeader, badHeaderEscape, badPair(String), badEscape, rawControl, duplicateKey(String)
    }

    var prefix: String
    var header: [String]
    var pairs: [(key: String, value: String)]

    subscript(_ key: String) -> String? { pairs.first { $0.key == key }?.value }

    init(_ line: String) throws {
        guard line.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw Wrong.rawControl
        }
        guard let mark = line.firstRange(of: "CEF:0|") else { throw Wrong.noHeader }
        prefix = String(line[..<mark.lowerBound])
        var rest = line[mark.upperBound...]
        header = []
        while header.count < 6 {
            var field = ""
            while true {
                guard let character = rest.popFirst() else { throw Wrong.noHeader }
                if character == "|" { break }
                if character == "\\" {
                    guard let next = rest.popFirst(), next == "\\" || next == "|" else {
                        throw Wrong.badHeaderEscape
                    }
                    field.append(next)
                } else {
                    field.append(character)
                }
            }
            header.append(field)
        }
        pairs = try Self.pairs(Array(rest.unicodeScalars))
    }

    /// A pair starts at a key that is followed by an unescaped `=`, and ends before the space before the next
    /// key.
    private static func pairs(_ text: [Unicode.Scalar]) throws -> [(String, String)] {
        let equals = text.indices.filter { text[$0] == "=" && !isEscaped(text, $0) }
        var starts: [Int] = []
        for equal in equals {
            var start = equal
            while start > 0, isKeyPart(text[start - 1]) { start -= 1 }
            guard start < equal, start == 0 || text[start - 1] == " " else {
                throw Wrong.badPair(String(String.UnicodeScalarView(text[start...equal])))
            }
            starts.append(start)
        }
        guard starts.first == 0 || text.isEmpty else { throw Wrong.badPair("beginning") }
        var pairs: [(String, String)] = []
        for (index, equal) in equals.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] - 1 : text.count
            let key = String(String.UnicodeScalarView(text[starts[index]..<equal]))
            if pairs.contains(where: { $0.0 == key }) { throw Wrong.duplicateKey(key) }
            pairs.append((key, try unescaped(text[(equal + 1)..<end])))
        }
        return pairs
    }

    private static func isKeyPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_")
    }

    private static func isEscaped(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
        var slashes = 0
        while index - slashes > 0, text[index - slashes - 1] == "\\" { slashes += 1 }
        return slashes % 2 == 1
    }

    private static func unescaped(_ text: ArraySlice<Unicode.Scalar>) throws -> String {
        var value = String.UnicodeScalarView()
        var rest = text
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                value.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "\\": value.append("\\")
            case "=": value.append("=")
            case "n": value.append("\n")
            case "r": value.append("\r")
            default: throw Wrong.badEscape
            }
        }
        return String(value)
    }
}
