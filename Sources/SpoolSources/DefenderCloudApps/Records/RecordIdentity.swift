import Crypto
import SpoolCore

/// The identity of an unreadable record, which stays the same when the record is read again or one of its
/// members changes.
///
/// Alerts are changed in place and read again for 48 hours: identified by its bytes, an alert would be a new
/// event after each change. It is identified by its `_id` if that can be found, otherwise by its times,
/// otherwise by its texts, without numbers and flags. Records of one page with equal times or texts are
/// distinguished by their order (`numbered`).
enum RecordIdentity {
    /// The maximum length of an id in bytes; the API's ids have up to 66 characters.
    static let longestID = 1_024

    private static let prefix = "unreadable-"
    private static let timeKeys = ["created", "timestamp", "instantiation"]

    /// True if the text can be an event's id.
    ///
    /// SQLite's and C's functions end a text at a NUL: ids that differ only after a NUL would count as the
    /// same.
    static func isID(_ text: String) -> Bool {
        (1...longestID).contains(text.utf8.count) && !text.utf8.contains(0)
    }

    /// The id of the event for an unreadable record.
    static func id(ofUnreadable record: ArraySlice<UInt8>) -> String {
        let bytes = Array(record)
        let values = RecordSlicer.values(of: Set(timeKeys + ["_id"]), in: bytes)
        if let id = values["_id"].map({ bytes[$0] }), isTold(id), id.count <= longestID {
            return key("id", id)
        }
        let times = timeKeys.compactMap { key in values[key].map { bytes[$0] } }.filter {
            isTold($0) && $0.count <= 40
        }
        if !times.isEmpty { return key("times", times.joined(separator: CollectionOfOne(UInt8(ascii: ",")))) }
        return key("texts", texts(of: bytes))
    }

    /// The ids of a page's records in its order.
    ///
    /// Different records with the same id get a number as suffix, which is the same whenever a page contains
    /// all of them.
    static func numbered(_ ids: [String], _ bytes: (Int) -> ArraySlice<UInt8>) -> [String] {
        var seen: [String: [String: Int]] = [:]
        return ids.enumerated().map { index, id in
            guard id.hasPrefix(prefix) else { return id }
            let content = ContentHash.hex(bytes(index), digits: 32)
            let number = seen[id]?[content] ?? seen[id, default: [:]].count + 1
            seen[id, default: [:]][content] = number
            return number == 1 ? id : "\(id)-\(number)"
        }
    }

    /// False for `null`, an empty text, and containers.
    private static func isTold(_ value: ArraySlice<UInt8>) -> Bool {
        guard let first = value.first, first != .openBrace, first != .openBracket else { return false }
        return !value.elementsEqual("null".utf8) && !value.elementsEqual("\"\"".utf8)
    }

    private static func key(_ kind: String, _ bytes: some Sequence<UInt8>) -> String {
        prefix + ContentHash.hex(Array(kind.utf8) + [0] + bytes, digits: 32)
    }

    /// The record with `0` in place of each number, flag and `null`, and without white space.
    private static func texts(of record: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var (isText, isEscaped, isScalar) = (false, false, false)
        for byte in record {
            if isText {
                result.append(byte)
                if byte == .quote, !isEscaped { isText = false }
                isEscaped = byte == .backslash && !isEscaped
                continue
            }
            switch byte {
            case .quote: (isText, isScalar) = (true, false)
            case 0x20, 0x09, 0x0A, 0x0D: continue
            case .openBrace, .openBracket, .closeBrace, .closeBracket, .comma, .colon: isScalar = false
            default:
                if !isScalar { result.append(UInt8(ascii: "0")) }
                isScalar = true
                continue
            }
            result.append(byte)
        }
        return result
    }
}

extension UInt8 {
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let backslash = UInt8(ascii: "\\")
    fileprivate static let colon = UInt8(ascii: ":")
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let openBrace = UInt8(ascii: "{")
    fileprivate static let openBracket = UInt8(ascii: "[")
    fileprivate static let closeBrace = UInt8(ascii: "}")
    fileprivate static let closeBracket = UInt8(ascii: "]")
}

/// Short hashes of contents: filters, pages and records without an id.
enum ContentHash {
    /// The first `digits` hexadecimal digits of the SHA-256 of `bytes`.
    static func hex(_ bytes: some Sequence<UInt8>, digits: Int) -> String {
        var hash = SHA256()
        hash.update(data: Array(bytes))
        let alphabet = Array("0123456789abcdef")
        var text = ""
        for byte in hash.finalize().prefix((digits + 1) / 2) {
            text.append(alphabet[Int(byte >> 4)])
            text.append(alphabet[Int(byte & 15)])
        }
        return String(text.prefix(digits))
    }
}
