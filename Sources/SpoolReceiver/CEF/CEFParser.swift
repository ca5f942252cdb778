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

/// A parsed CEF line with all escapes resolved.
package struct CEFLine: Sendable, Equatable {
    /// One `key=value` of the extension.
    package struct Pair: Sendable, Equatable {
        package var key: String
        package var value: String
    }

    /// The part before `CEF:`.
    package var prefix: CEFPrefix
    /// The version of the format, 0 or 1.
    package var version: Int
    package var deviceVendor: String
    package var deviceProduct: String
    package var deviceVersion: String
    package var eventClassID: String
    package var name: String
    /// A number from 0 to 10, or one of the five words.
    package var severity: String
    /// The pairs in the order of the line.
    package var pairs: [Pair]

    /// The value of a key; nil if the line does not contain it.
    package subscript(key: String) -> String? {
        pairs.first { $0.key == key }?.value
    }
}

/// The syslog header before `CEF:`.
package struct CEFPrefix: Sendable, Equatable {
    /// The forms of time that the old agent could write, and RFC 5424's whole header.
    package enum Style: Sendable, Equatable {
        case none
        /// `Mar 02 21:10:02`
        case rfc3164
        /// `Mar 02 2023 21:10:02`
        case rfc3164WithYear
        /// `2023-03-02T21:10:02.022Z`, not followed by the rest of an RFC 5424 header
        case iso
        /// Version, time, host, application, process, message id and structured data
        case rfc5424
    }

    /// Facility times eight plus severity; nil if there is none.
    package var priority: Int?
    /// The form of the time.
    package var style: Style
    /// The time as written; nil if there is none.
    package var time: String?
    /// The host or system name; nil if there is none.
    package var host: String?
    /// The part of an RFC 5424 header after the host, or the tag of RFC 3164; otherwise empty.
    package var rest: String
}

/// Why a line is not valid CEF, and where.
package struct CEFError: Error, Equatable, CustomStringConvertible {
    /// The kind of error in a line.
    package enum Reason: String, Sendable {
        case notUTF8, lineBreak, noMarker, badPriority, badPrefix, badVersion, missingField, badHeaderEscape
        case badSeverity, badKey, unescapedEquals, badExtensionEscape, repeatedKey, badSpacing
    }

    package var reason: Reason
    /// The byte offset in the line.
    package var offset: Int

    package var description: String {
        "invalid CEF: \(reason.rawValue) at byte \(offset)"
    }
}

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
