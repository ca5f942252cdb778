/// Parses CEF lines strictly by the format's guide, without assumptions about their sender.
///
/// An unescaped `=` inside a value is an error if it can be distinguished from the one of the next pair.
/// Otherwise a repeated key reveals it.
package enum CEFParser {
    /// Parses a line without its framing.
    package static func parse(_ line: String) throws(CEFError) -> CEFLine {
        try parse(Array(line.utf8))
    }

    /// Parses the bytes of a line without its framing.
    package static func parse(_ bytes: [UInt8]) throws(CEFError) -> CEFLine {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw CEFError(reason: .notUTF8, offset: 0)
        }
        if let lineBreak = bytes.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            throw CEFError(reason: .lineBreak, offset: lineBreak)
        }
        guard let marker = marker(in: bytes) else { throw CEFError(reason: .noMarker, offset: 0) }
        let prefix = try CEFPrefixParser.parse(bytes[..<marker].withoutByteOrderMark)
        var header = CEFHeaderParser(bytes, from: marker + 4)
        let version = try header.field()
        guard let number = Int(version), number == 0 || number == 1, version.count == 1 else {
            throw CEFError(reason: .badVersion, offset: marker + 4)
        }
        let fields = [
            try header.field(), try header.field(), try header.field(), try header.field(),
            try header.field(),
        ]
        let severityStart = header.position
        let severity = try header.field(isLast: true)
        guard isSeverity(severity) else { throw CEFError(reason: .badSeverity, offset: severityStart) }
        return CEFLine(
            prefix: prefix,
            version: number,
            deviceVendor: fields[0],
            deviceProduct: fields[1],
            deviceVersion: fields[2],
            eventClassID: fields[3],
            name: fields[4],
            severity: severity,
            pairs: try CEFExtensionParser.parse(bytes[header.position...])
        )
    }

    private static func marker(in bytes: [UInt8]) -> Int? {
        let marker = Array("CEF:".utf8)
        guard bytes.count >= marker.count else { return nil }
        return (0...(bytes.count - marker.count)).first { start in
            bytes[start..<start + marker.count].elementsEqual(marker)
                && begins(bytes[..<start].withoutByteOrderMark)
        }
    }

    /// The marker is at the beginning, after a space, or after a priority.
    private static func begins(_ before: ArraySlice<UInt8>) -> Bool {
        before.last.map { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ">") } ?? true
    }

    private static func isSeverity(_ text: String) -> Bool {
        if ["Unknown", "Low", "Medium", "High", "Very-High"].contains(text) { return true }
        return Int(text).map { (0...10).contains($0) && String($0) == text } ?? false
    }
}

/// Reads the fields between unescaped pipes.
struct CEFHeaderParser {
    private let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        position = start
    }

    /// The next field and the pipe after it; the last one may end with the line instead.
    mutating func field(isLast: Bool = false) throws(CEFError) -> String {
        let start = position
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "|"):
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard position < bytes.count,
                    [UInt8(ascii: "\\"), UInt8(ascii: "|")].contains(bytes[position])
                else {
                    throw CEFError(reason: .badHeaderEscape, offset: position - 1)
                }
                text.append(bytes[position])
                position += 1
            default:
                text.append(byte)
            }
        }
        guard isLast else { throw CEFError(reason: .missingField, offset: start) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension ArraySlice<UInt8> {
    /// RFC 5424 requires a byte order mark before UTF-8 text.
    fileprivate var withoutByteOrderMark: ArraySlice<UInt8> {
        suffix(3).elementsEqual([0xEF, 0xBB, 0xBF]) ? dropLast(3) : self
    }
}
