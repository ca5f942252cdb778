/// Appends JSON text to one growing array of bytes.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    mutating func reserve(_ count: Int) {
        bytes.reserveCapacity(count)
    }

    mutating func object(_ key: StaticString? = nil, _ fill: (inout JSONWriter) -> Void) {
        begin(key)
        bytes.append(UInt8(ascii: "{"))
        fill(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    mutating func array(_ key: StaticString? = nil, _ fill: (inout JSONWriter) -> Void) {
        begin(key)
        bytes.append(UInt8(ascii: "["))
        fill(&self)
        bytes.append(UInt8(ascii: "]"))
    }

    /// A string with any content.
    mutating func text(_ key: StaticString? = nil, _ value: String) {
        begin(key)
        var value = value
        bytes.append(UInt8(ascii: "\""))
        value.withUTF8 { utf8 in
            for byte in utf8 {
                escape(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A string that needs no escaping.
    mutating func plain(_ key: StaticString? = nil, _ value: String) {
        begin(key)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: value.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func number(_ key: StaticString? = nil, _ value: Int64) {
        begin(key)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func flag(_ key: StaticString, _ value: Bool) {
        raw(key, value ? "true" : "false")
    }

    /// A member whose value is already JSON text.
    mutating func raw(_ key: StaticString, _ value: StaticString) {
        begin(key)
        append(value)
    }

    /// A whole value that is already JSON text, byte for byte.
    mutating func verbatim(_ key: StaticString? = nil, _ value: [UInt8]) {
        begin(key)
        bytes.append(contentsOf: value)
    }

    private mutating func begin(_ key: StaticString?) {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["): break
        default: bytes.append(UInt8(ascii: ","))
        }
        guard let key else { return }
        bytes.append(UInt8(ascii: "\""))
        append(key)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        case 0..<0x20:
            append("\\u00")
            bytes.append(contentsOf: hexadecimal(UInt64(byte), width: 2).utf8)
        default: bytes.append(byte)
        }
    }
}

/// The low digits of a number in lower-case hexadecimal.
func hexadecimal(_ value: UInt64, width: Int) -> String {
    String(unsafeUninitializedCapacity: width) { buffer in
        for position in 0..<width {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * (width - 1 - position))) & 0xF
            buffer[position] = digit < 10 ? digit + 0x30 : digit + 0x57
        }
        return width
    }
}
