import Foundation
import SpoolCore

/// Types that decode any JSON value: an unexpected value of an unimportant field must not make the record
/// unreadable.
///
/// None of their initializers throws. Some records contain numbers as texts, texts as numbers, or objects as
/// null.
enum Lenient {
    /// A text; numbers and flags are converted to text, anything else is empty.
    struct Text: Decodable, Sendable {
        let value: String

        init(from decoder: any Decoder) {
            guard let container = try? decoder.singleValueContainer() else {
                value = ""
                return
            }
            if let text = try? container.decode(String.self) {
                value = text
            } else if let number = try? container.decode(Int64.self) {
                value = String(number)
            } else if let flag = try? container.decode(Bool.self) {
                value = flag ? "true" : "false"
            } else if let number = try? container.decode(Double.self) {
                value = String(number)
            } else {
                value = ""
            }
        }
    }

    /// A whole number, also from a text or with a fraction of zero; nil for anything else.
    struct Number: Decodable, Sendable {
        let value: Int64?

        init(from decoder: any Decoder) {
            guard let container = try? decoder.singleValueContainer() else {
                value = nil
                return
            }
            if let number = try? container.decode(Int64.self) {
                value = number
            } else if let number = try? container.decode(Double.self) {
                value = Int64(exactly: number)
            } else if let text = try? container.decode(String.self) {
                value = Int64(text)
            } else {
                value = nil
            }
        }
    }

    /// A value of the expected shape, or nil.
    struct Maybe<Value: Decodable & Sendable>: Decodable, Sendable {
        let value: Value?

        init(from decoder: any Decoder) { value = try? Value(from: decoder) }
    }

    /// A list of values of the expected shape, with nil for other elements; empty if the value is not a list.
    struct List<Value: Decodable & Sendable>: Decodable, Sendable {
        let values: [Value?]

        init(from decoder: any Decoder) {
            values = ((try? [Maybe<Value>](from: decoder)) ?? []).map(\.value)
        }
    }
}

/// A record's time: milliseconds since 1970, up to the end of the year 9999, the last one in RFC 3339.
struct RecordTime {
    /// The time as received, in milliseconds: the source can be queried by it.
    let told: Timestamp
    /// The actual time.
    let timestamp: Timestamp

    /// Values that are seconds by mistake: as seconds they are from 2001 on, as milliseconds before March
    /// 1973, which is before any event of a cloud service.
    private static let seconds = Int64(1_000_000_000)..<100_000_000_000

    init?(_ milliseconds: Int64) {
        guard (0...253_402_300_799_999).contains(milliseconds) else { return nil }
        told = Timestamp(milliseconds: milliseconds)
        timestamp =
            Self.seconds.contains(milliseconds) ? Timestamp(milliseconds: milliseconds * 1_000) : told
    }
}

/// Parses the id of an app.
enum AppID {
    /// The number in canonical form; nil unless it is a positive whole number: 0 and -1 mean that the portal
    /// knows no app.
    static func text(_ value: String?) -> String? {
        guard let value, let number = Int64(value), number > 0 else { return nil }
        return String(number)
    }
}

/// Parses a client address in any form that the portal uses.
///
/// The portal provides addresses with a port, in brackets, with a zone, between blanks, or as a proxy's list.
enum ClientAddress {
    /// The first IPv4 or IPv6 address in a text, without anything around it; empty if there is none.
    ///
    /// The address keeps the source's spelling, except that an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`,
    /// RFC 4291 §2.5.5.2) is returned as IPv4.
    static func bare(_ text: String) -> String {
        let parts = text.split { $0 == "," || $0 == ";" || $0.isWhitespace }
        return parts.lazy.compactMap(address).first ?? ""
    }

    private static func address(_ text: Substring) -> String? {
        guard text.first == "[" else { return ip(text) ?? withoutPort(text).flatMap(ip) }
        guard let end = text.firstIndex(of: "]") else { return nil }
        let rest = text[text.index(after: end)...]
        guard rest.isEmpty || (rest.first == ":" && isPort(rest.dropFirst())) else { return nil }
        return ip(text[text.index(after: text.startIndex)..<end])
    }

    /// The text before the port; nil without a port, or with more than one colon, which means an IPv6
    /// address.
    private static func withoutPort(_ text: Substring) -> Substring? {
        guard let colon = text.firstIndex(of: ":"), isPort(text[text.index(after: colon)...]) else {
            return nil
        }
        return text[..<colon]
    }

    private static func isPort(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 5 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func ip(_ text: Substring) -> String? {
        let bare = String(text.prefix { $0 != "%" })
        // `inet_pton` would end the text at a NUL.
        guard bare.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit || $0 == 0x2E || $0 == 0x3A })
        else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, bare, &bytes) == 1 { return bare }
        guard inet_pton(AF_INET6, bare, &bytes) == 1 else { return nil }
        guard bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] else { return bare }
        return bytes.suffix(4).map(String.init).joined(separator: ".")
    }
}
